import { afterEach, expect, test } from 'vitest'
import { QuantvoxError } from '../../../../server/errors.ts'
import type { TurnAnswer } from '../../../../server/protocol/turns.ts'
import type { Script } from '../../../support/fakes/fakeStages.ts'
import { ask, askText, wantsEvents } from '../../../support/http.ts'
import { createTestApp, type TestApp } from '../../../support/testApp.ts'

let server: TestApp
afterEach(() => server.app.close())

async function start(script: Partial<Script> = {}): Promise<void> {
  server = await createTestApp({ script })
}

/** The header by its grammar: `name;dur=milliseconds`, comma-separated. */
function parsed(header: unknown): Record<string, number> {
  const parts = String(header).split(', ')
  return Object.fromEntries(
    parts.map(part => {
      const [, name, milliseconds] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+);dur=(\d+(?:\.\d+)?)$/.exec(part) ?? []
      if (name === undefined) throw new Error(`not in the grammar: ${part}`)
      return [name, Number(milliseconds)]
    }),
  )
}

test('an answer has what each stage took in its Server-Timing header', async () => {
  await start()
  const answer = await ask(server.app)
  const { timings }: TurnAnswer = answer.json()
  expect(parsed(answer.headers['server-timing'])).toEqual({
    'speech-queue': 0,
    speech: timings.speech.inferenceMs,
    'llm-queue': timings.llm.queueMs,
    'llm-first-token': timings.llm.timeToFirstTokenMs,
    'llm-generation': 10,
    synthesis: timings.synthesis.inferenceMs,
    'reply-done': timings.fromSpeechEnd.replyDoneMs,
  })
})

test('a typed turn has no speech in it, a failed one what it came to', async () => {
  await start()
  const typed = await askText(server.app, { text: 'What is the time?', voice: 'none' })
  expect(Object.keys(parsed(typed.headers['server-timing']))).toEqual([
    'llm-queue',
    'llm-first-token',
    'llm-generation',
    'reply-done',
  ])
  server.script.respondError = new QuantvoxError('engine_failed', 'It broke.')
  const failed = await ask(server.app)
  expect(failed.statusCode).toBe(502)
  expect(Object.keys(parsed(failed.headers['server-timing']))).toEqual([
    'speech-queue',
    'speech',
    'llm-queue',
  ])
})

test('there is none where nothing was measured, nor where the headers are out before the turn', async () => {
  await start()
  const noAudio = await ask(server.app, {}, new Uint8Array(10))
  expect(noAudio.statusCode).toBe(400)
  expect(noAudio.headers).not.toHaveProperty('server-timing')
  const streamed = await ask(server.app, {}, undefined, wantsEvents)
  expect(streamed.statusCode).toBe(200)
  expect(streamed.headers).not.toHaveProperty('server-timing')
})
