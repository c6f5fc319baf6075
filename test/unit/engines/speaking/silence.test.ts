import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pauseMsAfter, withoutSilence } from '../../../../server/engines/speaking/silence.ts'

/** Samples of 24 kHz. */
const [RATE, LEAD, PAUSE_MS, PAUSE] = [24_000, 720, 100, 2400]
const joined = (pieces: Iterable<Float32Array>) => [...pieces].flatMap(piece => [...piece])
/** A sound of rising numbers, so that each of its samples is known again, with a pause in it. */
const sound = (length: number) =>
  Array.from({ length }, (_, at) => (at % 5 < 2 && at > 0 ? 0 : (at + 1000) / 10_000))

function* cut(samples: readonly number[], length: number) {
  for (let at = 0; at < samples.length; at += length) yield Float32Array.from(samples.slice(at, at + length))
}

test('of the silence around a sentence 30 ms and a pause are left, and nothing of the sound is lost, wherever it is cut', () => {
  const lengths = { before: fc.nat(9000), said: fc.integer({ min: 10, max: 3000 }), after: fc.nat(9000) }
  fc.assert(
    fc.property(fc.record({ ...lengths, piece: fc.integer({ min: 800, max: 6000 }) }), found => {
      const said = [...sound(found.said), 0.5]
      const silence = (length: number) => new Array<number>(length).fill(0)
      const all = [...silence(found.before), ...said, ...silence(found.after)]
      const given = joined(withoutSilence(cut(all, found.piece), PAUSE_MS, RATE))
      const expected = [...silence(Math.min(found.before, LEAD)), ...said]
      expect(given.slice(0, expected.length)).toEqual(expected.map(Math.fround))
      expect(given.slice(expected.length)).toEqual(silence(Math.min(found.after, PAUSE)))
    }),
    { numRuns: 200 },
  )
})

test('the first sound comes before the next piece is made', () => {
  function* pieces() {
    yield Float32Array.of(0.5)
    throw new Error('asked too early')
  }
  const given = withoutSilence(pieces(), PAUSE_MS, RATE)
  expect([...(given.next().value ?? []), ...(given.next().value ?? [])]).toEqual([0.5])
})

test('one breathes behind a sentence, and less behind a comma', () => {
  expect(pauseMsAfter('həlˈO.')).toBeGreaterThan(pauseMsAfter('həlˈO,'))
  expect(pauseMsAfter('həlˈO?”')).toBe(pauseMsAfter('həlˈO.'))
  expect(pauseMsAfter('həlˈO')).toBe(pauseMsAfter('həlˈO,'))
})
