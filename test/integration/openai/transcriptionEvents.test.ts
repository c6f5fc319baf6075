import { expect, test } from 'vitest'
import { untilAborted } from '../../../server/abort.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import type { Recognizer } from '../../../server/recognition/recognizer.ts'
import { clip } from '../../support/http.ts'
import { openAiEvents, openAiForm } from '../../support/openai.ts'
import { startTestApp } from '../../support/testApp.ts'

const whole = 'One. Two.'

/** A server whose recognizer tells a first stretch, and goes on when it is let go on; and a client that asks it for events. */
async function ask(failure: Error | null = null) {
  const server = await startTestApp({ script: { transcript: whole } })
  const goesOn = Promise.withResolvers<void>()
  const { recognizer } = server.stages
  const told: Recognizer['open'] = options => {
    const recognition = recognizer.open(options)
    return {
      ...recognition,
      async finish(speech, signal) {
        options.onStretch?.('One.')
        await untilAborted(goesOn.promise, signal)
        if (failure !== null) throw failure
        options.onStretch?.('Two.')
        return await recognition.finish(speech, signal)
      },
    }
  }
  server.stages.recognizer = { ...recognizer, open: told }
  const url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  const { payload, headers } = await openAiForm([
    ['model', 'gpt-4o-transcribe'],
    ['stream', 'true'],
    ['file', clip()],
  ])
  const leaving = new AbortController()
  const { signal } = leaving
  const answer = await fetch(`${url}/v1/audio/transcriptions`, {
    ...{ method: 'POST', body: payload, headers, signal },
  })
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (reader === undefined) throw new Error('the answer has no body')
  const first = (await reader.read()).value ?? ''
  const rest = async () => {
    let text = first
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return openAiEvents(text)
      text += value
    }
  }
  const row = () => server.stages.store.get(answer.headers.get('x-request-id') ?? '')
  return { first, rest, row, goOn: goesOn.resolve, leave: () => leaving.abort() }
}

const delta = (text: string) => ({ type: 'transcript.text.delta', delta: text })

test('a stretch of a long clip is told while the next is decoded', async () => {
  const { first, rest, row, goOn } = await ask()
  expect(first).toBe(`data: ${JSON.stringify(delta('One.'))}\n\n`)
  goOn()
  expect(await rest()).toEqual([delta('One.'), delta(' Two.'), { type: 'transcript.text.done', text: whole }])
  expect(await row()).toMatchObject({ outcome: 'completed', transcript: whole })
})

test('a recognizer that fails behind a stretch is told as the last event', async () => {
  const { rest, row, goOn } = await ask(new QuantvoxError('engine_failed', 'It broke.'))
  goOn()
  expect(await rest()).toMatchObject([delta('One.'), { error: { message: 'It broke.' } }])
  expect(await row()).toMatchObject({ outcome: 'failed', errorCode: 'engine_failed' })
})

test('a client that leaves behind a stretch interrupts the hearing', async () => {
  const { row, leave } = await ask()
  leave()
  await expect.poll(row, { timeout: 10_000 }).toMatchObject({ outcome: 'interrupted' })
})
