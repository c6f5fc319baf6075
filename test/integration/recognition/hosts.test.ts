import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { SpeechEngineLease } from '../../../server/engineLease.ts'
import { createPartialDecoding } from '../../../server/recognition/utterance/partialDecoding.ts'
import { createWhisperDecode } from '../../../server/recognition/whisper/decode.ts'
import { failureOf } from '../../support/failureOf.ts'

const { signal } = new AbortController()
const model = { name: 'whisper-tiny.en-q8_0', path: '', digest: null, quantization: 'q8_0' }
const options = { model, language: 'en', owner: 'me' }
const samples = new Int16Array(32_000)
const clip = { samples, speech: { segments: [{ startMs: 0, endMs: 2000 }], speechMs: 2000 } }
const cleanups: (() => unknown)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** A pool of speech hosts behind a router that answers so, in that order. */
async function pool(...answers: ((response: ServerResponse) => unknown)[]) {
  const asked: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers)
    request.resume().once('end', () => answers.shift()?.(response))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close().closeAllConnections())
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const lease: SpeechEngineLease = {
    ...{ baseUrl: host, queueMs: 3, cold: false, loadMs: null, engine: 'scripted', host },
    explain: async error => error,
    release() {},
  }
  return { host, asked, decode: createWhisperDecode({ acquire: async () => lease, timeoutMs: 2000 }) }
}

const words = { text: 'What is the time?', segments: [{ text: ' What is the time?', tokens: [1, 2, 3, 4] }] }
const heard = (response: ServerResponse) => response.end(JSON.stringify(words))
const routed = (host: string, queueMs: number) => (response: ServerResponse) =>
  response.setHeader('x-engine-host', host).setHeader('x-queue-ms', queueMs).setHeader('x-retries', 0) &&
  heard(response)
const status = (code: number) => (response: ServerResponse) => response.writeHead(code).end()

test('a host that breaks off, or fails, is given up for another, once', async () => {
  for (const fault of [(response: ServerResponse) => response.destroy(), status(502), status(500)]) {
    const { decode } = await pool(fault, routed('w2', 0))
    expect(await decode(clip, options, signal)).toMatchObject({
      text: 'What is the time?',
      host: 'w2',
      retries: 1,
    })
  }
  const { decode, asked } = await pool(status(500), status(500), heard)
  expect(await failureOf(decode(clip, options, signal))).toMatchObject({ code: 'engine_failed' })
  expect(asked).toHaveLength(2)
})

test('the wait in a router is no work of the engine', async () => {
  const { decode } = await pool(response => setTimeout(() => routed('w1', 150)(response), 200))
  const { queueMs, inferenceMs, retries } = await decode(clip, options, signal)
  expect(queueMs).toBe(153)
  // 200 in all; timers may be early by 1.
  expect(inferenceMs).toBeGreaterThan(45)
  expect(retries).toBe(0)
})

test('without a router the address is the host', async () => {
  const { decode, host } = await pool(heard)
  expect(await decode(clip, options, signal)).toMatchObject({ host, retries: 0, queueMs: 3 })
})

test('a look is marked as what may be refused, and one that is refused is none', async () => {
  const { decode, asked } = await pool(status(503), heard)
  const decoding = createPartialDecoding(decode)
  expect(await decoding.partial(clip, { ...options, isLook: true }, signal)).toBeNull()
  expect(await decoding.full(clip, options, signal)).toMatchObject({ text: 'What is the time?' })
  expect(asked.map(headers => headers['x-quantvox-partial'])).toEqual(['1', undefined])
})

test('no place in time is at_capacity, and not asked for once more', async () => {
  const { decode, asked } = await pool(status(503), heard)
  const failure = await failureOf(decode(clip, options, signal))
  expect(failure).toMatchObject({ code: 'at_capacity', retryAfterSeconds: 2 })
  expect(asked).toHaveLength(1)
})
