import fc from 'fast-check'
import { expect, test } from 'vitest'
import { errorTable } from '../../../server/errors.ts'
import { until } from '../../support/http.ts'
import { startWyoming } from '../../support/wyoming/wyomingDoor.ts'

const anything = fc.oneof(
  ...[fc.constant(undefined), fc.constant(null), fc.boolean(), fc.integer(), fc.double(), fc.string()],
  ...[fc.constant('x'.repeat(2000)), fc.array(fc.string()), fc.dictionary(fc.string(), fc.string())],
)
/** Mostly right. */
const mostly = (...right: unknown[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: anything })

const format = {
  rate: mostly(8000, 16_000, 44_100, 191_999),
  width: mostly(1, 2, 3, 4),
  channels: mostly(1, 2, 7),
}
const text = mostly('Hello.', 'Grüße, 東京. 🎉', '')
const voice = mostly(
  ...[{ name: 'flite:slt' }, { name: 'flite:awb' }, { language: 'en' }, {}, { name: 5 }, { name: null }],
)
const shapes: Record<string, Record<string, fc.Arbitrary<unknown>>> = {
  describe: {},
  ping: { text },
  transcribe: { name: mostly(''), language: mostly('en', 'en-US'), transcript_names: mostly(['Siobhan']) },
  'audio-start': format,
  'audio-chunk': format,
  'audio-stop': { timestamp: mostly(5) },
  synthesize: { text, voice, text_format: mostly('text') },
  'synthesize-start': { voice, text_format: mostly('text') },
  'synthesize-chunk': { text },
  'synthesize-stop': {},
  transcript: { text, language: mostly('de'), context: mostly({ conversation_id: 'a b' }, {}) },
  'no-such-event': { text },
}
const Event = fc.oneof(
  ...Object.entries(shapes).map(([type, fields]) =>
    fc.record({
      type: fc.constant(type),
      data: fc.record(fields, { requiredKeys: [] }),
      payload: fc.uint8Array({ maxLength: 3000 }),
    }),
  ),
)

test('whatever shapes come, in whatever order, what goes back is of the protocol and no failure of the server', {
  timeout: 120_000,
}, async () => {
  const server = await startWyoming({ script: { recognizeMs: 0, firstTokenMs: 0, tokenMs: 0 } })
  const case_ = fc.array(Event, { minLength: 1, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(case_, async events => {
      const client = await server.connect()
      for (const { type, data, payload } of events) client.send(type, data, payload)
      client.send('describe')
      const asked = events.filter(({ type }) => type === 'describe').length + 1
      const infos = () => client.heard.filter(({ type }) => type === 'info').length
      await until(() => client.isClosed() || infos() === asked, 20_000)
      client.socket.destroy()
      const heard = client.heard
      for (const { type, data } of heard) {
        expect(type).toMatch(/^(info|pong|error|transcript|audio|synthesize|handled)(-|$)/)
        if (type !== 'error') continue
        expect(Object.keys(errorTable)).toContain(data.code)
        expect([data.code, data.text]).not.toEqual(['internal', expect.anything()])
      }
      expect(heard.findIndex(({ type }) => type === 'error')).toBe(
        heard.at(-1)?.type === 'error' ? heard.length - 1 : -1,
      )
    }),
    { numRuns: 300 },
  )
  expect(server.log.lines.filter(({ level }) => level === 'error')).toEqual([])
  const client = await server.connect()
  client.send('describe')
  await client.next('info')
})
