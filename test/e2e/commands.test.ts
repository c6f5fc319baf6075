import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { descendantsOf, listProcesses } from '../../server/engines/processes.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { clip, type LiveServer, quantvox, startLiveServer } from '../support/liveServer.ts'

let server: LiveServer
beforeAll(async () => {
  server = await startLiveServer()
})
afterAll(() => server.stop())

describe('quantvox ask', () => {
  test('prints what was said, the answer and the timings', async () => {
    const { code, out } = await quantvox(['ask', clip('azure-weather')], server.settings)
    expect(code).toBe(0)
    const [, heard = ''] = out.match(/^you: {4}(.+)\nreply: {2}\S/) ?? []
    expect(charactersWrong("What's the weather like?", heard)).toBeLessThan(HEARD_WELL)
    expect(out).toMatch(/from speech end/)
    expect(out).toMatch(/moonshine-base\.en-int8/)
  })

  test('writes the spoken reply and prints JSON', async () => {
    const wav = join(await mkdtemp(join(tmpdir(), 'quantvox-ask-')), 'reply.wav')
    const { code, out } = await quantvox(
      ['ask', '--text', 'Say hello.', '--out', wav, '--json'],
      server.settings,
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ transcript: 'Say hello.', timings: { outcome: 'completed' } })
    expect((await readFile(wav)).subarray(0, 4).toString()).toBe('RIFF')
  })

  test('names what is wrong in one line, with the mend', async () => {
    const unknown = await quantvox(['ask', '--text', 'Hi', '--llm', 'smollm2:nonsense'], server.settings)
    expect(unknown.code).toBe(1)
    expect(unknown.err.trim().split('\n')).toHaveLength(1)
    expect(unknown.err).toMatch(/"smollm2:nonsense" is not installed.*models pull smollm2:nonsense/)
    const usage = await quantvox(['ask'], server.settings)
    expect(usage.code).toBe(2)
    expect(usage.err).toMatch(/FILE or --text/)
  })
})

test('turns list, show and export read the running server', async () => {
  const list = await quantvox(['turns', 'list', '--json'], server.settings)
  const { items } = JSON.parse(list.out) as { items: { turnId: string }[] }
  expect(items.length).toBeGreaterThan(0)
  const show = await quantvox(['turns', 'show', items[0]?.turnId ?? ''], server.settings)
  expect(show.out).toMatch(/from speech end/)
  const csv = await quantvox(['turns', 'export', '--format', 'csv'], server.settings)
  expect(csv.out.split('\n')[0]).toMatch(/fromSpeechEnd\.firstTokenMs/)
})

test('doctor finds nothing wrong', async () => {
  const { code, out } = await quantvox(['doctor', '--json'], server.settings)
  const { findings } = JSON.parse(out) as { findings: { state: string }[] }
  expect(findings.filter(({ state }) => state === 'wrong')).toEqual([])
  expect(code).toBe(0)
})

test('a port that Quantvox has already is said, with another one', async () => {
  const { port } = new URL(server.url)
  const { code, err } = await quantvox(['serve'], { ...server.settings, PORT: port })
  expect(code).toBe(1)
  expect(err).toMatch(/Quantvox runs already at http:\/\/127\.0\.0\.1:\d+\..*PORT=\d+ DATA_DIR/)
})

test('SIGTERM ends the server and every process that it started', async () => {
  const own = await startLiveServer()
  const started = descendantsOf(own.pid, await listProcesses())
  const commands = started.map(({ command }) => command.join(' ')).join('\n')
  for (const engine of ['moonshineServer', 'ollama', 'hibariChild']) expect(commands).toContain(engine)
  expect(await own.stop()).toBe(0)
  const left = async () => {
    const alive = new Set((await listProcesses()).map(({ pid }) => pid))
    return started.filter(({ pid }) => alive.has(pid))
  }
  // The guards see the end of their pipe a moment later.
  await expect.poll(left, { timeout: 5_000 }).toEqual([])
})
