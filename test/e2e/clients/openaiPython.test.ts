import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { clip, startLiveServer } from '../../support/liveServer.ts'
import { pythonWith } from '../../support/pythonWith.ts'

const run = promisify(execFile)
const key = 'a-key-of-some-length'
const python = pythonWith('openai==3.57.0')

test('OpenAI’s client for Python transcribes, chats, speaks and lists', async context => {
  const program = python()
  if (program === null) return context.skip()
  const server = await startLiveServer({ AUTH_TOKEN: key })
  try {
    const script = join(import.meta.dirname, 'pythonClient.py')
    const url = `${new URL(server.url).origin}/v1`
    const { stdout } = await run(program, [script, url, key, clip('azure-weather')])
    const { text, words, reply, tokens, spokenBytes, code, models } = JSON.parse(stdout)
    expect(charactersWrong("What's the weather like?", text)).toBeLessThan(HEARD_WELL)
    expect(words.join(' ')).toBe(text)
    expect([/\w/.test(reply), tokens > 0, code]).toEqual([true, true, 'model_not_found'])
    // 24 kHz, 16 bit: something between half a second and three.
    expect(spokenBytes).toBeGreaterThan(24_000)
    expect(spokenBytes).toBeLessThan(144_000)
    expect(models).toContain('whisper-1')
  } finally {
    await server.stop()
  }
})
