import { Compile } from 'typebox/schema'
import { expect, test } from 'vitest'
import type { TurnMessage } from '../../../../server/protocol/messages.ts'
import { AudioDelta } from '../../../../server/protocol/turns.ts'
import { clip, eventsOf, form, wantsEvents } from '../../../support/http.ts'
import { startTestApp } from '../../../support/testApp.ts'

const deltaSchema = Compile(AudioDelta)

test('an answer has its spoken reply among the events, as it is made, where that is asked for', async () => {
  const server = await startTestApp()
  const { payload, headers } = await form(['audio', clip()])
  const response = await server.app.inject({
    ...{ method: 'POST', url: '/v1/turns?audio=events', payload },
    headers: { ...headers, ...wantsEvents },
  })
  const events = eventsOf(response.body).map(({ data }) => data as TurnMessage | AudioDelta)
  const pcm = Buffer.concat(
    events.flatMap(event => {
      if (event.type !== 'audio.delta') return []
      expect(deltaSchema.Errors(event)[1]).toEqual([])
      return [Buffer.from(event.audio, 'base64')]
    }),
  )
  const types = events.map(({ type }) => type)
  expect(types[types.indexOf('audio.delta') - 1]).toBe('audio.started')
  expect(types.lastIndexOf('audio.delta')).toBeLessThan(types.indexOf('audio.done'))
  const done = events.find(event => event.type === 'audio.done')
  const wav = await server.app.inject(done?.url ?? '')
  expect(wav.rawPayload.subarray(44).equals(pcm)).toBe(true)
})

test('a question with a query that there is not is refused', async () => {
  const { app } = await startTestApp()
  const refused = await app.inject({
    ...{ method: 'POST', url: '/v1/turns?audio=loud' },
    ...{ payload: { text: 'Hi' }, headers: { 'content-type': 'application/json' } },
  })
  expect([refused.statusCode, refused.json().detail]).toEqual([400, expect.stringContaining('audio')])
})
