import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventReader, eventBytes, framingLimits } from '../../../../server/doors/wyoming/framing.ts'
import { QuantvoxError } from '../../../../server/errors.ts'

const read = (...chunks: (Buffer | string)[]) => {
  const reader = createEventReader()
  return chunks.flatMap(chunk => [...reader.push(Buffer.from(chunk))])
}
const refused = (...chunks: (Buffer | string)[]) => {
  try {
    read(...chunks)
  } catch (error) {
    if (error instanceof QuantvoxError) return error.code
    throw error
  }
  return null
}
const ping = '{"type":"ping","data":{"text":"a"}}\n'

describe('what comes', () => {
  test('is read in both forms of data, the later over the former', () => {
    const json = JSON.stringify({ text: 'later' })
    const line = JSON.stringify({
      ...{ type: 'ping', data: { text: 'former', more: 1 } },
      data_length: json.length,
    })
    expect(read(ping, `${line}\n${json}`).map(({ data }) => data)).toEqual([
      { text: 'a' },
      { text: 'later', more: 1 },
    ])
  })

  test('may have null for what it has not, and what nobody knows', () => {
    const line =
      '{"type":"ping","data":null,"data_length":null,"payload_length":null,"version":"9","x":[{}]}\r\n'
    expect(read(line)).toEqual([{ type: 'ping', data: {}, payload: Buffer.alloc(0) }])
  })

  const Event = fc.record({
    type: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    data: fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean())),
    payload: fc.uint8Array({ maxLength: 500 }),
  })

  test('is the same wherever it is cut', () => {
    const sent = fc.tuple(
      fc.array(Event, { maxLength: 4 }),
      fc.array(fc.nat({ max: 2000 }), { maxLength: 6 }),
    )
    fc.assert(
      fc.property(sent, ([events, places]) => {
        const all = Buffer.concat(events.map(({ type, data, payload }) => eventBytes(type, data, payload)))
        const cuts = [...places.map(place => Math.min(place, all.length)), all.length].toSorted(
          (a, b) => a - b,
        )
        const chunks = cuts.map((end, i) => all.subarray(cuts[i - 1] ?? 0, end))
        expect(read(...chunks)).toEqual(
          events.map(({ type, data, payload }) => ({
            type,
            data: { ...data },
            payload: Buffer.from(payload),
          })),
        )
      }),
    )
  })

  test('is read byte by byte, letters of several bytes too', () => {
    const bytes = eventBytes('transcript', { text: 'Grüße, 東京 🎉' }, Buffer.from([0x0a, 0, 0x7b]))
    const [event] = read(...[...bytes].map(byte => Buffer.from([byte])))
    expect([event?.data, event?.payload]).toEqual([{ text: 'Grüße, 東京 🎉' }, Buffer.from([0x0a, 0, 0x7b])])
  })
})

describe('what is refused', () => {
  test.each([
    ['no JSON', 'GET / HTTP/1.1\r\n'],
    ['an empty line', '\n'],
    ['a list', '[]\n'],
    ['null', 'null\n'],
    ['no type', '{}\n'],
    ['an empty type', '{"type":""}\n'],
    ['a type of another type', '{"type":5}\n'],
    ['data of another type', '{"type":"ping","data":"x"}\n'],
    ['data that is a list', '{"type":"ping","data":[]}\n'],
    ['a length that is text', '{"type":"ping","data_length":"2"}\n{}'],
    ['a length below 0', '{"type":"ping","payload_length":-1}\n'],
    ['half a byte', '{"type":"ping","payload_length":0.5}\n'],
    ['a length that is true', '{"type":"ping","data_length":true}\n'],
    ['more data that is no JSON', '{"type":"ping","data_length":2}\n{x'],
    ['more data that is a list', '{"type":"ping","data_length":2}\n[]'],
    ['bytes that are no UTF-8', Buffer.from('{"type":"\xff"}\n', 'latin1')],
  ])('%s', (_what, bytes) => {
    expect(refused(bytes)).toBe('invalid_message')
  })

  test.each([
    ['a line that is too long', `{"type":"${'x'.repeat(framingLimits.lineBytes)}"}\n`],
    ['one that has not ended yet', 'x'.repeat(framingLimits.lineBytes + 1)],
    ['too much data', `{"type":"ping","data_length":${framingLimits.dataBytes + 1}}\n`],
    ['too large a payload', `{"type":"ping","payload_length":${framingLimits.payloadBytes + 1}}\n`],
    ['a payload that no machine has', '{"type":"ping","payload_length":1e300}\n'],
  ])('%s', (_what, bytes) => {
    expect(refused(bytes)).toBe('too_large')
  })

  test('a line of 64 KiB is none of them, nor is data and a payload of the most', () => {
    const line = `{"type":"${'x'.repeat(framingLimits.lineBytes - 11)}"}`
    expect(line.length).toBe(framingLimits.lineBytes)
    expect(read(`${line}\n`)).toHaveLength(1)
    const data = `{"text":"${'x'.repeat(framingLimits.dataBytes - 11)}"}`
    const event = eventBytes('transcript', JSON.parse(data), Buffer.alloc(framingLimits.payloadBytes))
    expect(read(event)[0]?.payload).toHaveLength(framingLimits.payloadBytes)
  })

  test('the rest of a chunk whose beginning was good', () => {
    const reader = createEventReader()
    const events = reader.push(Buffer.from(`${ping}nonsense\n`))
    expect(events.next().value).toMatchObject({ type: 'ping' })
    expect(() => events.next()).toThrow('is not JSON')
  })
})

test('says whether it is in the middle of an event', () => {
  const reader = createEventReader()
  for (const [chunk, isWithin] of [
    ['{"type":', true],
    ['"ping","payload_length":2}\n', true],
    ['x', true],
    ['y', false],
  ] as const) {
    Array.from(reader.push(Buffer.from(chunk)))
    expect([chunk, reader.isWithin()]).toEqual([chunk, isWithin])
  }
})

test('what is sent has its data behind a short line, as the reference client reads it', () => {
  const text = 'ü'.repeat(60_000)
  const bytes = eventBytes('handled', { text }, Buffer.from([1, 2]))
  const line = bytes.subarray(0, bytes.indexOf('\n')).toString()
  expect(JSON.parse(line)).toEqual({
    ...{ type: 'handled', version: '1.10.2' },
    ...{ data_length: Buffer.byteLength(JSON.stringify({ text })), payload_length: 2 },
  })
  expect(JSON.parse(eventBytes('transcript-stop').toString())).toEqual({
    type: 'transcript-stop',
    version: '1.10.2',
  })
})
