import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeWav } from '../../server/audio/encodeWav.ts'
import { createFlite } from '../../server/engines/flite/flite.ts'
import { processIdentity } from '../../server/engines/processIdentity.ts'
import type { SpeechEngines } from '../../server/engines/whisper/speechEngines.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisper/whisperServers.ts'
import { realSpeechModel, realWhisper } from '../support/engines/realEngines.ts'
import { charactersWrong, HEARD_WELL } from '../support/hearing.ts'
import { quietLog } from '../support/quietLog.ts'

const never = new AbortController().signal
const said = 'What is the capital of France?'
const flite = createFlite({ log: quietLog() })
let engines: SpeechEngines
let tiny: { name: string; path: string }
let tinier: { name: string; path: string }
let question: Uint8Array<ArrayBuffer>

beforeAll(async () => {
  const { serverPath, version } = await realWhisper()
  tiny = await realSpeechModel('whisper-tiny.en-q8_0')
  tinier = await realSpeechModel('whisper-tiny.en-q4_0')
  engines = createLocalSpeechEngines({
    programs: () => Promise.resolve({ serverPath, version }),
    threads: 2,
    maxLoaded: 1,
    log: quietLog(),
  })
  const { samples, sampleRate } = await flite.speak(said, 'slt', never)
  question = new Uint8Array(encodeWav(samples, sampleRate))
}, 900_000)

afterAll(async () => {
  await Promise.all([engines?.stop(), flite.stop()])
})

function transcribe(baseUrl: string, audioContext = 768): Promise<Response> {
  const form = new FormData()
  form.set('file', new Blob([question], { type: 'audio/wav' }), 'question.wav')
  form.set('response_format', 'json')
  form.set('temperature', '0')
  form.set('temperature_inc', '0')
  form.set('audio_ctx', String(audioContext))
  return fetch(`${baseUrl}/inference`, { method: 'POST', body: form })
}

async function heard(model: { name: string; path: string }): Promise<string> {
  const lease = await engines.acquire(model, 'test', never)
  try {
    const { text } = (await (await transcribe(lease.baseUrl)).json()) as { text: string }
    return text.trim()
  } finally {
    lease.release()
  }
}

describe('the real whisper-server', () => {
  it('is loaded and warmed once, holds at least its weights, and hears what flite says', async () => {
    const cold = await engines.acquire(tiny, 'test', never)
    cold.release()
    expect(cold.cold).toBe(true)
    expect(charactersWrong(said, await heard(tiny))).toBeLessThan(HEARD_WELL)
    const [loaded, ...others] = await engines.loaded()
    expect(others).toEqual([])
    expect(loaded).toMatchObject({ name: 'whisper-tiny.en-q8_0', state: 'ready', lastError: null })
    expect(loaded?.loadMs).toBeGreaterThan(0)
    expect(loaded?.warmMs).toBeGreaterThan(0)
    // The file is 43.6 MB; the process holds that and its buffers.
    expect(loaded?.residentBytes).toBeGreaterThan(50_000_000)
    expect(loaded?.residentBytes).toBeLessThan(400_000_000)
    expect(await engines.acquire(tiny, 'test', never).then(lease => [lease.cold, lease.release()][0])).toBe(
      false,
    )
  })

  it('cannot be used by a web page that guesses its port', async () => {
    const lease = await engines.acquire(tiny, 'test', never)
    lease.release()
    const { origin } = new URL(lease.baseUrl)
    expect((await fetch(`${lease.baseUrl}/health`)).status).toBe(200)
    expect((await fetch(`${origin}/health`)).status).toBe(404)
    const form = new FormData()
    form.set('model', import.meta.filename)
    for (const path of ['/load', '/inference']) {
      expect((await fetch(`${origin}${path}`, { method: 'POST', body: form })).status).toBe(404)
    }
  })

  it('killed by hand in the middle of a request fails that request only', async () => {
    const lease = await engines.acquire(tiny, 'test', never)
    const pid = (await engines.loaded())[0]?.pid ?? 0
    const answer = transcribe(lease.baseUrl, 0).then(response => response.text())
    setTimeout(() => process.kill(pid, 'SIGKILL'), 100)
    await expect(answer).rejects.toThrow()
    lease.release()
    expect(charactersWrong(said, await heard(tiny))).toBeLessThan(HEARD_WELL)
    expect((await engines.loaded())[0]?.pid).not.toBe(pid)
  })

  it('makes room for another level, and gives its memory back', async () => {
    await heard(tiny)
    const before = (await engines.loaded())[0]
    expect(await heard(tinier)).toMatch(/france/i)
    while ((await processIdentity(before?.pid ?? 0)) !== null)
      await new Promise(resolve => setTimeout(resolve, 20))
    const after = await engines.loaded()
    expect(after.map(({ name }) => name)).toEqual(['whisper-tiny.en-q4_0'])
    expect(after[0]?.residentBytes).toBeLessThan(before?.residentBytes ?? 0)
  })

  it('that cannot read its model says so', async () => {
    const broken = { name: 'broken', path: import.meta.filename }
    await expect(engines.acquire(broken, 'test', never)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringMatching(/failed|invalid|exit code/i),
    })
    expect(await heard(tiny)).toMatch(/france/i)
    expect(engines.ready().ready).toBe(true)
  })
})
