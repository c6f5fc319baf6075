import { describe, expect, test } from 'vitest'
import type { SpeechClip } from '../../../scripts/bench/speechClips.ts'
import { allItems } from '../../../scripts/bench/turntaking/items/allItems.ts'
import { holdsOf, phrasesOf, toneOf } from '../../../scripts/bench/turntaking/items/holds.ts'
import {
  type Choice,
  chosenOf,
  countsOf,
  falseStopSets,
  isTurn,
  mustStop,
  realStopSets,
  turnSets,
} from '../../../scripts/bench/turntaking/items/items.ts'
import { atLevel } from '../../../scripts/bench/turntaking/items/levels.ts'
import { soundedMs, trimmed } from '../../../scripts/bench/turntaking/items/spoken.ts'
import { levelDb } from '../../../server/audio/pcm.ts'

/** 500 ms of room tone, 2 s of speech with a quiet place in its middle, and room tone again. */
function clip(file = 'a.wav', speaker = file, segments = [{ startMs: 500, endMs: 2500 }]): SpeechClip {
  const samples = Int16Array.from({ length: 16 * 3000 }, (_, index) => {
    const ms = index / 16
    const isSpeech = ms >= 500 && ms < 2500 && (ms < 1500 || ms >= 1560)
    return (isSpeech ? 5000 : 10) * Math.sin(index)
  })
  const found = { segments, speechMs: 2000, lastVoicedMs: 2500, probabilities: new Float32Array() }
  return { file, speaker, text: 'x', kind: 'speech', samples, audioMs: 3000, found }
}

/** A voice that says everything in so many milliseconds of a tone, with silence at both ends. */
const speak = async (text: string) => {
  const spoken = 16 * (300 + 20 * text.length)
  return Int16Array.from({ length: spoken + 3200 }, (_, index) =>
    index < 1600 || index >= spoken + 1600 ? 0 : 9000 * Math.sin(index / 5),
  )
}

const spoken = [clip('a.wav', 'one'), clip('b.wav', 'one'), clip('c.wav', 'two')]
const laughing: SpeechClip = { ...clip('d.wav', 'three'), kind: 'laughter' }
const made = allItems([...spoken, laughing, { ...laughing, kind: 'nonspeech' }], speak, 3, 1)
const everything: Choice = { sets: null, speakers: 'all', count: 1000, seed: 1 }

describe('the holds of a clip', () => {
  test('are as many and as long as the seed says, the same every time', () => {
    const holds = holdsOf([clip()], 4, 1)
    expect(holds).toEqual(holdsOf([clip()], 4, 1))
    expect(holds).not.toEqual(holdsOf([clip()], 4, 2))
    const lengths = holds.map(({ hold }) => (hold?.endMs ?? 0) - (hold?.startMs ?? 0))
    for (const [index, { samples }] of holds.entries()) {
      expect(lengths[index]).toBeGreaterThanOrEqual(300)
      expect(lengths[index]).toBeLessThanOrEqual(1500)
      expect(samples.length).toBe(16 * (300 + 2000 + 300 + (lengths[index] ?? 0)))
    }
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b))
  })

  test('lie in the quietest place near by, are of room tone or silent, and leave the speech as it is', () => {
    const speech = clip().samples.slice(16 * 200, 16 * 2800)
    for (const { set, samples, hold } of holdsOf([clip()], 6, 3)) {
      const [at, end] = [Math.round(16 * (hold?.startMs ?? 0)), Math.round(16 * (hold?.endMs ?? 0))]
      const loudest = Math.max(...samples.subarray(at, end))
      if (set === 'digital-silence') expect(loudest).toBe(0)
      else expect(loudest).toSatisfy(peak => peak > 5 && peak <= 10)
      expect([...samples.slice(0, at), ...samples.slice(end)]).toEqual([...speech])
      if (at > 16 * 1200 && at < 16 * 1400) expect(at / 16).toBeCloseTo(1330, -2)
    }
  })

  test('are none where a speaker paused already', () => {
    const segments = [
      { startMs: 500, endMs: 1200 },
      { startMs: 1800, endMs: 2500 },
    ]
    expect(holdsOf([clip('a.wav', 'a', segments)], 4, 1)).toEqual([])
  })

  test('have no jump where the tone begins again', () => {
    expect([...toneOf(Int16Array.of(1, 2, 3), 8)]).toEqual([1, 2, 3, 3, 2, 1, 1, 2])
  })

  test('lie between two clips of one speaker, where the one ends', () => {
    const [phrase, ...more] = phrasesOf([clip('a.wav', 'one'), clip('b.wav', 'two'), clip('c.wav', 'one')], 1)
    expect(more).toEqual([])
    expect(phrase).toMatchObject({ clip: 'a.wav + c.wav', speaker: 'one', hold: { startMs: 2300 } })
  })
})

describe('all items', () => {
  test('are of every set, enough of those that must not stop a reply and of those that must', async () => {
    const all = await made
    expect(new Set(all.map(({ set }) => set))).toEqual(
      new Set([...turnSets, ...falseStopSets, ...realStopSets]),
    )
    const sounds = all.flatMap(item => (isTurn(item) ? [] : [item]))
    expect(sounds.filter(mustStop).length).toBeGreaterThanOrEqual(40)
    expect(sounds.filter(item => !mustStop(item)).length).toBeGreaterThanOrEqual(40)
    expect(countsOf(all)).toMatch(/\d+ room-tone, .*, 1 laughter, .*\d+ question/)
  })

  test('have their hold where nobody speaks', async () => {
    for (const item of await made) {
      if (!isTurn(item) || item.hold === null) continue
      const { startMs, endMs } = item.hold
      expect(levelDb(item.samples.subarray(16 * startMs, 16 * endMs)), item.clip).toBeLessThan(-55)
      expect(item.fromMs).toBe(endMs)
    }
  })

  test('with something quiet behind something loud are both so', async () => {
    const quiet = (await made).flatMap(item =>
      isTurn(item) && item.set === 'quiet-after-loud' ? [item] : [],
    )
    expect(quiet).toHaveLength(3)
    for (const { samples, fromMs } of quiet) {
      const [loudDb, quietDb] = [samples.subarray(0, 16 * 2000), samples.subarray(16 * fromMs)].map(levelDb)
      expect((loudDb ?? 0) - (quietDb ?? 0)).toBeGreaterThan(20)
    }
  })

  test('of the two halves share no speaker and are all together', async () => {
    const all = await made
    const [odd, even] = (['odd', 'even'] as const).map(speakers => chosenOf(all, { ...everything, speakers }))
    const speakersOf = (half = all) => new Set(half.map(({ speaker }) => speaker))
    expect([...speakersOf(odd)].filter(speaker => speakersOf(even).has(speaker))).toEqual([])
    expect((odd?.length ?? 0) + (even?.length ?? 0)).toBe(all.length)
    expect(new Set(odd?.map(({ set }) => set))).toContain('stop-words')
    expect(new Set(even?.map(({ set }) => set))).toContain('stop-words')
  })

  test('can be had in part: some sets, a few of each, the same every time', async () => {
    const all = await made
    const some = chosenOf(all, { ...everything, sets: ['tv', 'numbers'], count: 2 })
    expect(countsOf(some)).toBe('2 numbers, 2 tv')
    expect(some).toEqual(chosenOf(all, { ...everything, sets: ['tv', 'numbers'], count: 2 }))
    expect(some).not.toEqual(chosenOf(all, { ...everything, sets: ['tv', 'numbers'], count: 2, seed: 2 }))
  })
})

describe('a sound', () => {
  test('is as loud as it is wanted, its pauses aside', async () => {
    const spoken = trimmed(await speak('Hello.'))
    const withPause = Int16Array.from({ length: 2 * spoken.length }, (_, index) => spoken[index] ?? 0)
    expect(levelDb(atLevel(withPause, -30).subarray(0, spoken.length))).toBeCloseTo(-30, 0)
  })

  test('begins where it is no silence, and without it is all', async () => {
    const spoken = await speak('Hello.')
    expect(soundedMs(spoken).onsetMs).toBe(100)
    expect(soundedMs(trimmed(spoken)).onsetMs).toBe(0)
    expect(trimmed(spoken).length).toBe(spoken.length - 3200)
  })
})
