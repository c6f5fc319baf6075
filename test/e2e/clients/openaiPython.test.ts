import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { charactersWrong, HEARD_WELL } from '../../support/hearing.ts'
import { clip, startLiveServer } from '../../support/liveServer.ts'

const run = promisify(execFile)
const key = 'a-key-of-some-length'
const pipOptions = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries=1', '--timeout=30']

let folder: string
/** Null where there is no Python, or its packages cannot be had. */
let python: string | null = null
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-python-'))
  const own = join(folder, 'bin/python')
  try {
    await run('python3', ['-m', 'venv', folder])
    await run(own, ['-m', 'pip', 'install', ...pipOptions, 'openai==3.57.0'])
    python = own
  } catch (error) {
    console.warn('no Python client', error)
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('OpenAI’s client for Python transcribes, chats, speaks and lists', async context => {
  if (python === null) return context.skip()
  const server = await startLiveServer({ AUTH_TOKEN: key })
  try {
    const program = join(import.meta.dirname, 'pythonClient.py')
    const url = `${new URL(server.url).origin}/v1`
    const { stdout } = await run(python, [program, url, key, clip('azure-weather')])
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
