import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type AskOptions, askAloud } from '../../../scripts/commands/ask/ask.ts'
import { serverRequest } from '../../../scripts/commands/serverRequest.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { clip, until } from '../../support/http.ts'
import { onlyPrograms } from '../../support/setup/fakePrograms.ts'
import { startTestApp, type TestApp, type TestAppOptions } from '../../support/testApp.ts'

let folder: string
let restorePath: () => void
/** What the scripted player was given. */
const played = () => readFile(join(folder, 'played')).catch(() => Buffer.alloc(0))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-ask-'))
  // As aplay does, it takes what comes and ends with its input.
  restorePath = await onlyPrograms(join(folder, 'bin'), {
    aplay: `echo "$@" > '${folder}/arguments'; exec /bin/cat > '${folder}/played'`,
  })
})
afterEach(async () => {
  restorePath()
  await rm(folder, { recursive: true, force: true })
})

const spoken = () => new File([clip()], 'question.wav')

async function asking(
  options: AskOptions,
  { isTTY = true, question = null as File | null, signal = new AbortController().signal, app = {} } = {},
) {
  const server: TestApp = await startTestApp(app as TestAppOptions)
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const parts: string[] = []
  const out = { isTTY, write: (part: string | Uint8Array) => parts.push(String(part)) > 0 }
  const over = askAloud({ request: serverRequest(url, null, signal), question, options, out }, signal)
  over.catch(() => {})
  return { server, url, over, parts, text: () => parts.join('') }
}

describe('on a terminal', () => {
  test("a reply's words are written as they come, and its timings at the end", async () => {
    const { over, parts, text } = await asking({}, { question: spoken(), app: { script: { tokenMs: 20 } } })
    await over
    expect(parts.slice(0, 4)).toEqual(['you:    What is the time?\n', 'reply:  ', 'It is', ' ten'])
    expect(text()).toMatch(/^reply: {2}It is ten past nine\. Good evening\.\n\nfrom speech end\n/m)
    expect(text()).toMatch(/^language model: fake:1b-q4_K_M, Q4_K_M, 1B parameters, warm, done by stop$/m)
  })

  test('the reply is played while it is made, clause by clause', async () => {
    const reply = ['It is ten past nine. Good', ' evening.']
    const { server, over } = await asking(
      { text: 'What is the time?' },
      { app: { script: { reply, tokenMs: 3_000, clauseAudioMs: 300 } } },
    )
    await until(async () => (await played()).length > 0, 20_000)
    expect(server.calls).not.toContain('speak Good evening.')
    await over
    expect((await played()).length).toBe(2 * 0.3 * 16_000 * 2)
    expect(await readFile(join(folder, 'arguments'), 'utf8')).toMatch(/-t raw -f S16_LE -c 1 -r 16000/)
  })

  test('a player that fails is told, and costs nothing of the answer', async () => {
    restorePath()
    restorePath = await onlyPrograms(join(folder, 'bin'), {
      aplay: 'echo "cannot find card 0" >&2; exit 1',
    })
    const told: string[] = []
    const write = process.stderr.write
    process.stderr.write = ((part: string) => told.push(part) > 0) as typeof write
    try {
      const { over, text } = await asking({ text: 'What is the time?' })
      await over
      expect(text()).toMatch(/Good evening\.\n\nfrom speech end/)
    } finally {
      process.stderr.write = write
    }
    expect(told.join('')).toMatch(/the reply was not played: aplay ended with status 1: cannot find card 0/)
  })

  test.each([['--voice none', { voice: 'none' }] as const, ['no player', {}] as const])(
    'nothing is spoken with %s',
    async (what, options) => {
      if (what === 'no player') await rm(join(folder, 'bin', 'aplay'))
      const { server, over } = await asking({ text: 'What is the time?', ...options })
      await over
      expect(server.calls.filter(call => call.startsWith('speak'))).toEqual([])
    },
  )

  test('whoever stops hears no more, and the line is ended', async () => {
    const stop = new AbortController()
    const { server, over, text } = await asking(
      { text: 'What is the time?' },
      { signal: stop.signal, app: { script: { tokenMs: 60_000 } } },
    )
    await until(() => text().includes('It is'), 20_000)
    stop.abort(new Error('stopped by SIGINT'))
    await expect(over).rejects.toThrow('stopped by SIGINT')
    expect(text()).toBe('you:    What is the time?\nreply:  It is\n')
    await until(() => server.calls.includes('respond aborted'), 20_000)
  })
})

test('what goes into a pipe is written line by line and not spoken', async () => {
  const { server, over, parts } = await asking({ text: 'What is the time?' }, { isTTY: false })
  await over
  expect(parts.slice(0, 3).join('')).toBe(
    'you:    What is the time?\nreply:  It is ten past nine. Good evening.',
  )
  expect(server.calls.filter(call => call.startsWith('speak'))).toEqual([])
})

test('a reply that breaks off keeps what came and is thrown as the error that it is', async () => {
  const respondError = new QuantvoxError('engine_failed', 'Ollama broke off.', { mend: 'Ask again.' })
  const { over, text } = await asking(
    { text: 'What is the time?' },
    { app: { script: { respondError, respondErrorAfter: 2 } } },
  )
  await expect(over).rejects.toMatchObject({ code: 'engine_failed', message: 'Ollama broke off.' })
  expect(text()).toBe('you:    What is the time?\nreply:  It is ten\n')
})

test('Ctrl-C ends the command with one line, and the turn with it', async () => {
  const server = await startTestApp({ script: { firstTokenMs: 60_000 } })
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const command = resolve(import.meta.dirname, '../../../scripts/commands/index.ts')
  const child = spawn(process.execPath, [command, 'ask', '--text', 'What is the time?'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PUBLIC_URL: url },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', part => (said += part))
  await until(() => server.calls.includes('respond'), 30_000)
  child.kill('SIGINT')
  const [code] = await once(child, 'close')
  expect([code, said]).toEqual([1, 'quantvox: stopped.\n'])
  await until(() => server.calls.includes('respond aborted'), 20_000)
})
