import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { clip, startLiveServer } from '../../support/liveServer.ts'
import { pythonWith } from '../../support/pythonWith.ts'

/** Half a gigabyte. */
const python = pythonWith('pipecat-ai[openai]==1.14.0', 'websockets')

test('pipecat’s Realtime service asks aloud, interrupts, and meets no error', async context => {
  const program = python()
  if (program === null) return context.skip()
  const server = await startLiveServer()
  try {
    const script = join(import.meta.dirname, 'pipecat_realtime.py')
    const url = `${server.url.replace('http', 'ws')}/v1/realtime`
    const { stdout } = await promisify(execFile)(program, [script, url, clip('azure-weather')])
    const seen = JSON.parse(stdout)
    expect(seen).toMatchObject({ errors: [], rate: 24_000 })
    expect(seen.transcripts).toHaveLength(2)
    expect(charactersWrong("What's the weather like?", seen.transcripts[0])).toBeLessThan(HEARD_WELL)
    expect(seen.audioBytes).toBeGreaterThan(24_000)
    expect(seen.interruptions).toBeGreaterThan(0)
  } finally {
    await server.stop()
  }
})
