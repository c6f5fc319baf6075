import { createFft, type Fft } from '../../audio/fft.ts'

/** Hertz of both sounds: speech has most of its power below half of that, and a search costs a sixteenth of one at 16 kHz. */
export const ECHO_RATE = 4000

/** Copies that are taken out one after another: the direct sound, and what a loudspeaker, walls and a table make of it. */
const COPIES = 8
/** Where the others lie: so much sooner than the loudest, and so much later. */
const SOONER = 0.002 * ECHO_RATE
const LATER = 0.05 * ECHO_RATE
/** What the loudest copy explains less of is no echo, and what is explained so far is one: more copies would only cost time. */
const NOTHING = 0.1
const ENOUGH = 0.9
/** Evens the spectrum of speech out, in which the lowest tones would decide alone. */
const EMPHASIS = 0.9
/** No echo is so much louder than what was played: below that share of its power are only errors of rounding. */
const SILENCE = 1e-9

export type Explained = {
  /** Of the power of what was heard, 0 to 1. */
  share: number
  /** Sample of what was played that the loudest copy begins with. */
  at: number
}

/**
 * How much of what a microphone heard is what a loudspeaker played, late, quieter and from walls. That is a sum of delayed copies of
 * known samples, so matching pursuit finds them (Mallat and Zhang 1993, "Matching pursuits with time-frequency dictionaries"; the
 * dictionary is the sound that was played, once for every delay). Words, pitch and rhythm of another voice explain next to nothing.
 * @param heard mono at `ECHO_RATE`
 * @param played the same, from before to after the place where its echo may come from; every place in it is tried
 */
export function explainedBy(played: Float32Array, heard: Float32Array): Explained {
  const left = emphasized(heard)
  const source = emphasized(played)
  const whole = powerOf(left)
  const places = source.length - left.length
  if (whole === 0 || places < 0) return { share: 0, at: 0 }
  const powers = powersOf(source, left.length)
  const loudest = bestCopy(source, powers, left, 0, places)
  let copy = loudest
  let share = copy.power / whole
  for (let count = 1; count < COPIES && share > NOTHING && share < ENOUGH; count++) {
    takeOut(source, copy, left)
    copy = bestCopy(
      ...([source, powers, left] as const),
      Math.max(0, loudest.at - LATER),
      Math.min(places, loudest.at + SOONER),
    )
    share += copy.power / whole
  }
  return { share, at: loudest.at }
}

/** A part of the source from `at` on, `gain` times as loud; `power`: how much of what is left it explains. */
type Copy = { at: number; gain: number; power: number }

function bestCopy(
  source: Float32Array,
  powers: Float64Array,
  left: Float32Array,
  first: number,
  last: number,
): Copy {
  let best: Copy = { at: first, gain: 0, power: 0 }
  const products = productsOf(source.subarray(first, last + left.length), left)
  const silence = SILENCE * powerOf(left)
  for (let at = first; at <= last; at++) {
    const own = powers[at] ?? 0
    if (own <= silence) continue
    const product = products[at - first] ?? 0
    const power = (product * product) / own
    if (power > best.power) best = { at, gain: product / own, power }
  }
  return best
}

function takeOut(source: Float32Array, { at, gain }: Copy, left: Float32Array): void {
  for (let index = 0; index < left.length; index++)
    left[index] = (left[index] ?? 0) - gain * (source[at + index] ?? 0)
}

function emphasized(samples: Float32Array): Float32Array {
  const evened = new Float32Array(samples.length)
  for (let index = 0, before = 0; index < samples.length; index++) {
    const sample = samples[index] ?? 0
    evened[index] = sample - EMPHASIS * before
    before = sample
  }
  return evened
}

export function powerOf(samples: Float32Array): number {
  let power = 0
  for (let index = 0; index < samples.length; index++) power += (samples[index] ?? 0) ** 2
  return power
}

/** Power of every part of so many samples, by the sample it begins with. */
function powersOf(samples: Float32Array, length: number): Float64Array {
  const powers = new Float64Array(samples.length - length + 1)
  let power = powerOf(samples.subarray(0, length))
  for (let at = 0; at < powers.length; at++) {
    powers[at] = power
    power += (samples[at + length] ?? 0) ** 2 - (samples[at] ?? 0) ** 2
  }
  return powers
}

/**
 * The sum of products of `left` with every part of `source` that is as long, by the sample it begins with, and more behind them that
 * mean nothing. By the spectra of both, which come out of one transform (as real and imaginary part), 15 times as fast as one by one.
 */
function productsOf(source: Float32Array, left: Float32Array): Float64Array {
  const { fft, re, im } = transformOf(source.length)
  re.fill(0).set(source)
  im.fill(0).set(left)
  const both = fft(re, im)
  const size = re.length
  // Plain numbers: arrays of two, made for every bin, are half of the garbage of a server with eight sessions.
  for (let bin = 0; bin < size; bin++) {
    const mirrored = bin === 0 ? 0 : size - bin
    const a = both.re[bin] ?? 0
    const b = both.im[bin] ?? 0
    const c = both.re[mirrored] ?? 0
    const d = both.im[mirrored] ?? 0
    re[bin] = (a * d + b * c) / 2 / size
    im[bin] = (c * c + d * d - a * a - b * b) / 4 / size
  }
  return fft(re, im).re
}

type Transform = { fft: Fft; re: Float64Array; im: Float64Array }
const transforms = new Map<number, Transform>()

/** One that is fast and takes so many numbers at least. */
function transformOf(least: number): Transform {
  let size = least
  while (!isFast(size)) size++
  const known = transforms.get(size)
  if (known !== undefined) return known
  const made = { fft: createFft(size), re: new Float64Array(size), im: new Float64Array(size) }
  transforms.set(size, made)
  return made
}

function isFast(size: number): boolean {
  let left = size
  for (const factor of [4, 5]) while (left % factor === 0) left /= factor
  return left === 1
}
