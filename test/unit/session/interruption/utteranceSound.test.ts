import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { atLevel, inRoom, mixed, scaled } from '../../../../scripts/bench/turntaking/items/levels.ts'
import { joinSamples, PCM_SAMPLE_RATE, samplesIn } from '../../../../server/audio/pcm.ts'
import { readClip } from '../../../../server/audio/readClip.ts'
import { ECHO_RATE, explainedBy } from '../../../../server/session/interruption/echoShare.ts'
import {
  createUtteranceSound,
  KNOWN_OWN_SHARE,
  OWN_SHARE,
} from '../../../../server/session/interruption/utteranceSound.ts'
import { createSentSound } from '../../../../server/session/reply/sentSound.ts'
import { randomFrom } from '../../../../server/shared/seeded.ts'

const fixtures = resolve(import.meta.dirname, '../../../fixtures/speech')
const FRAME = 512
let reply: Int16Array
let near: Int16Array
beforeAll(async () => {
  const { signal } = new AbortController()
  const read = async (file: string) => (await readClip(join(fixtures, file), 60, signal)).samples
  reply = atLevel(await read('jfk-inaugural.wav'), -18)
  near = atLevel(await read('order-1e0e6369.wav'), -24)
})

const silence = (ms: number) => new Int16Array(samplesIn(ms))
const late = (samples: Int16Array, ms: number) => joinSamples([silence(ms), samples])
/** What a loudspeaker and a room make of it: a direct sound, and 400 ms of reflections that die away, as strong all together by `dB`. */
function inEchoingRoom(samples: Int16Array, dB: number): Int16Array {
  const random = randomFrom(3)
  const walls = Array.from({ length: 60 }, (_, index) => ({
    at: 16 * (3 + index * 6),
    gain: (random() * 2 - 1) * 10 ** (-index / 20),
  }))
  const strength = Math.sqrt(walls.reduce((sum, { gain }) => sum + gain ** 2, 0))
  return samples.map((sample, index) =>
    walls.reduce(
      (sum, { at, gain }) => sum + ((samples[index - at] ?? 0) * gain * 10 ** (dB / 20)) / strength,
      sample,
    ),
  )
}

/** What is known of what a microphone hears from one moment of a reply to another, frame by frame. */
function heard(
  microphone: Int16Array,
  fromMs: number,
  toMs: number,
  errorMs = (_atMs: number) => 0,
  played = reply,
) {
  const sent = createSentSound(ECHO_RATE)
  sent.push({ samples: played, sampleRate: PCM_SAMPLE_RATE }, 0)
  let nowMs = fromMs
  const sound = createUtteranceSound((from, to) =>
    sent.between(nowMs + errorMs(nowMs) + from, nowMs + errorMs(nowMs) + to),
  )
  const shares: (number | null)[] = []
  for (let at = samplesIn(fromMs); at + FRAME <= samplesIn(toMs); at += FRAME) {
    nowMs = (at + FRAME) / 16
    sound.push(microphone.subarray(at, at + FRAME))
    shares.push(sound.ownShare())
  }
  return { shares, share: shares.at(-1) ?? Number.NaN, loudestDb: sound.loudestDb() }
}

describe('the sound of an utterance over a reply', () => {
  test.each([-6, -20, -40])('is its echo, %i dB quieter and however late', dB => {
    for (const delayMs of [20, 130, 350, 600]) {
      const echo = inRoom(scaled(late(reply, delayMs), dB))
      expect(heard(echo, 1000, 2200).share, `${delayMs} ms`).toBeGreaterThan(0.8)
    }
  })

  test('is its echo in a room that echoes, too', () => {
    for (const dB of [-10, -3, 0]) {
      const echo = inRoom(scaled(late(inEchoingRoom(reply, dB), 180), -20))
      expect(heard(echo, 1000, 2200).share, `${dB} dB`).toBeGreaterThan(KNOWN_OWN_SHARE)
    }
  })

  test('is its echo though reports say that the reply is where it sounds alike', () => {
    const random = randomFrom(9)
    const noise = (length: number) => Float64Array.from({ length }, () => random() - 0.5)
    // Every 80 ms two thirds of its power are the same.
    const same = noise(samplesIn(80))
    const alike = Int16Array.from(noise(samplesIn(3000)), (own, at) =>
      Math.round(6000 * (Math.sqrt(0.65) * (same[at % same.length] ?? 0) + Math.sqrt(0.35) * own)),
    )
    const echo = scaled(late(alike, 200), -6)
    const { share } = heard(echo, 1000, 2200, ms => (ms > 1400 ? 120 : 0), alike)
    expect(share).toBeGreaterThan(OWN_SHARE)
  })

  test('is its echo where that gets quieter in the middle', () => {
    const echo = scaled(late(reply, 100), -16).map((sample, at) =>
      at > samplesIn(1500) ? sample / 4 : sample,
    )
    expect(heard(inRoom(echo), 1000, 2200).share).toBeGreaterThan(KNOWN_OWN_SHARE)
  })

  test('is somebody else, alone and louder than an echo', () => {
    const others = late(near, 1000)
    expect(heard(inRoom(others), 1000, 2200).share).toBeLessThan(KNOWN_OWN_SHARE)
    for (const dB of [-12, -20, -40]) {
      const both = inRoom(mixed(others, scaled(late(reply, 120), dB)))
      expect(heard(both, 1000, 2200).share, `over ${dB} dB`).toBeLessThan(KNOWN_OWN_SHARE)
    }
  })

  test('is somebody else though they say one short word of a long echo', () => {
    const word = near.subarray(0, samplesIn(300))
    const both = inRoom(mixed(scaled(late(reply, 120), -20), late(word, 3000)))
    const { shares } = heard(both, 1000, 4200)
    const before = shares.slice(0, Math.floor((3000 - 1000) / 32)).filter(share => share !== null)
    expect(Math.min(...before)).toBeGreaterThan(KNOWN_OWN_SHARE)
    expect(shares.at(-1)).toBeLessThan(KNOWN_OWN_SHARE)
  })

  test('is its echo again where that is much louder than what was heard before', () => {
    const before = scaled(near.subarray(0, samplesIn(800)), -30)
    const both = inRoom(
      mixed(scaled(joinSamples([silence(1900), reply.subarray(samplesIn(1800))]), -6), late(before, 1000)),
    )
    const { shares, share } = heard(both, 1000, 3200)
    expect(Math.min(...shares.map(known => known ?? 1))).toBeLessThan(KNOWN_OWN_SHARE)
    expect(share).toBeGreaterThan(KNOWN_OWN_SHARE)
  })

  test('is not known of 350 ms, of silence, and without a reply', () => {
    const echo = scaled(late(reply, 100), -20)
    expect(heard(echo, 1000, 1350).share).toBeNaN()
    expect(heard(echo, 1000, 1450).share).not.toBeNaN()
    const alone = createUtteranceSound(null)
    alone.push(near)
    expect(alone.ownShare()).toBeNull()
  })

  test('has the level of its loudest quarter of a second', () => {
    const tone = Int16Array.from(
      { length: 16_000 },
      (_, at) => 3277 * Math.SQRT2 * Math.sin((2 * Math.PI * 500 * at) / 16_000),
    )
    const sound = createUtteranceSound(null)
    expect(sound.loudestDb()).toBe(Number.NEGATIVE_INFINITY)
    sound.push(joinSamples([silence(1000), tone, scaled(tone, -20)]))
    expect(sound.loudestDb()).toBeCloseTo(-20, 1)
  })
})

test('copies of what was played explain themselves and nothing else', () => {
  const random = randomFrom(1)
  const noise = (length: number) => Float32Array.from({ length }, () => random() - 0.5)
  const played = noise(4000)
  const echo = played.slice(700, 1700).map((sample, at) => sample / 10 + (played[680 + at] ?? 0) / 30)
  expect(explainedBy(played, echo)).toMatchObject({ at: 700, share: expect.closeTo(0.95, 1) })
  expect(explainedBy(played, noise(1000)).share).toBeLessThan(0.1)
  expect(explainedBy(played, new Float32Array(1000))).toEqual({ share: 0, at: 0 })
  expect(explainedBy(new Float32Array(4000), echo).share).toBe(0)
  expect(explainedBy(played.subarray(0, 900), echo).share).toBe(0)
})
