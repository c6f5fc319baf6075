import { createFft } from '../../audio/fft.ts'

/** Samples a second of what comes out. */
export const SAMPLE_RATE = 24_000
/** One frame is 12.5 ms further on than the one before. */
export const HOP = 300
const FFT_SIZE = 1200
export const BINS = FFT_SIZE / 2 + 1
const HALF = FFT_SIZE / 2
/** Half a second at a time: little enough to be interrupted, and to be heard before the rest is made. */
const CHUNK_FRAMES = 40

/** Below it a frame has no voice. */
const LOWEST_PITCH = 40
/** Harmonics of the pulses go up to here. */
const HIGHEST_HARMONIC = 11_000
const LOUDEST = 7

/** What the network says of a sentence: `lh`, `theta`, `ln`, `lr`, `phi` by bin, then frame; `f0`, hertz, by frame. */
export type Spectrum = Record<'lh' | 'theta' | 'ln' | 'lr' | 'phi' | 'f0', Float32Array>

/** Periodic Hann. */
const hann = Float64Array.from(
  { length: FFT_SIZE },
  (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / FFT_SIZE),
)

/**
 * The pulses of the vocal folds for one sentence: all harmonics of `f0` with the same amplitude, which is
 * sin((H + ½) t) / (2 sin(t / 2)) − ½ (the Dirichlet kernel); the pitch goes straight from the middle of a frame to the next.
 */
export function pulses(f0: Float32Array): Float32Array {
  const wave = new Float32Array(f0.length * HOP)
  let turns = 0
  for (let at = 0; at < wave.length; at++) {
    const position = (at + 0.5) / HOP - 0.5
    const left = Math.floor(position)
    const share = position - left
    const first = f0[Math.max(0, left)] ?? 0
    const second = f0[Math.min(f0.length - 1, left + 1)] ?? 0
    const pitch = first + (second - first) * share
    const sounding = Math.max(pitch, LOWEST_PITCH)
    turns += sounding / SAMPLE_RATE
    turns -= Math.floor(turns)
    if (pitch <= LOWEST_PITCH) continue
    const angle = 2 * Math.PI * turns
    const harmonics = Math.floor(HIGHEST_HARMONIC / sounding) + 0.5
    const divisor = 2 * Math.sin(angle / 2)
    wave[at] = (Math.abs(divisor) <= 2e-3 ? harmonics : Math.sin(harmonics * angle) / divisor) - 0.5
  }
  return wave
}

/** Position `at` of a wave that is mirrored at both ends. */
function mirrored(wave: Float32Array, at: number): number {
  const last = wave.length - 1
  const folded = Math.abs(at) % (2 * last || 1)
  return wave[folded > last ? 2 * last - folded : folded] ?? 0
}

/** Normally distributed numbers without end, mean 0, variance 1 (Box and Muller 1958); the table repeats where nobody can hear it. */
export function createNoise(random: () => number = Math.random): () => number {
  const table = new Float32Array(2 ** 16)
  for (let at = 0; at < table.length; at += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    const angle = 2 * Math.PI * random()
    table[at] = radius * Math.cos(angle)
    table[at + 1] = radius * Math.sin(angle)
  }
  let next = 0
  return () => {
    // Where it begins anew is left to chance, so that no pattern comes of it.
    if (next === table.length) next = Math.floor(random() * 1024)
    return table[next++] ?? 0
  }
}

/** Steps of a full turn: its angles are off by less than a thousandth, which is 60 dB below. */
const TURN_STEPS = 2 ** 13
const QUARTER = TURN_STEPS / 4
const sines = Float64Array.from({ length: TURN_STEPS }, (_, at) => Math.sin((2 * Math.PI * at) / TURN_STEPS))
/** Where in `sines` an angle is; of its cosine a quarter further on. */
const stepOf = (angle: number) => Math.round(angle * (TURN_STEPS / (2 * Math.PI))) & (TURN_STEPS - 1)
const sineAt = (step: number) => sines[step] as number
const cosineAt = (step: number) => sines[(step + QUARTER) & (TURN_STEPS - 1)] as number

/**
 * Makes sentences audible as hibari's `dsp.py` does: pulses through the harmonic branch, noise through its own, a free one, and an inverse
 * short-time Fourier transform (Hann, 1200 by 300, centred). Two frames at a time, one as the real part of the transform, one as the imaginary.
 * @param noise normally distributed
 */
export function createWave(noise: () => number) {
  const fft = createFft(FFT_SIZE)
  const re = new Float64Array(FFT_SIZE)
  const im = new Float64Array(FFT_SIZE)
  const shaped = { re: 0, im: 0 }

  /** What the network makes of the pulses, `re` and `im`, in one bin of a frame: in `shaped`. */
  function shape({ lh, theta, ln, lr, phi }: Spectrum, at: number, re: number, im: number): void {
    const turn = stepOf(Math.PI * (1 - 2 / (Math.exp(2 * (theta[at] as number)) + 1)))
    const harmonic = Math.exp(Math.min(lh[at] as number, LOUDEST))
    const cos = harmonic * cosineAt(turn)
    const sin = harmonic * sineAt(turn)
    const hiss = Math.exp(Math.min(ln[at] as number, LOUDEST))
    const free = Math.exp(Math.min(lr[at] as number, LOUDEST))
    const angle = stepOf(phi[at] as number)
    shaped.re = re * cos - im * sin + hiss * noise() + free * cosineAt(angle)
    shaped.im = re * sin + im * cos + hiss * noise() + free * sineAt(angle)
  }

  /** Two frames in a row, windowed: the first as the real part. Without a second one there is silence in its place. */
  function sound(wave: Float32Array, spectrum: Spectrum, frame: number, frames: number) {
    for (let at = 0, from = frame * HOP - HALF; at < FFT_SIZE; at++, from++) {
      const share = (hann[at] as number) / (FFT_SIZE / 4)
      re[at] = mirrored(wave, from) * share
      im[at] = mirrored(wave, from + HOP) * share
    }
    const pulse = fft(re, im)
    const second = frame + 1 < frames ? 1 : 0
    for (let bin = 0, at = frame; bin <= HALF; bin++, at += frames) {
      const mirror = bin === 0 ? 0 : FFT_SIZE - bin
      const a = pulse.re[bin] as number
      const b = pulse.im[bin] as number
      const c = pulse.re[mirror] as number
      const d = pulse.im[mirror] as number
      shape(spectrum, at, (a + c) / 2, (b - d) / 2)
      const firstRe = shaped.re
      const isReal = bin === 0 || bin === HALF
      const firstIm = isReal ? 0 : shaped.im
      shape(spectrum, at + second, (b + d) / 2, (c - a) / 2)
      const secondRe = second * shaped.re
      const secondIm = isReal ? 0 : second * shaped.im
      // Real and imaginary part are swapped: then the transform is the inverse one, swapped as well.
      im[bin] = firstRe - secondIm
      re[bin] = firstIm + secondRe
      im[mirror] = firstRe + secondIm
      re[mirror] = secondRe - firstIm
    }
    const { re: secondFrame, im: firstFrame } = fft(re, im)
    for (let at = 0; at < FFT_SIZE; at++) {
      const share = (hann[at] as number) / FFT_SIZE
      firstFrame[at] = (firstFrame[at] as number) * share
      secondFrame[at] = (secondFrame[at] as number) * share
    }
    return [firstFrame, secondFrame] as const
  }

  /** Floats of full scale ±1, half a second a piece. */
  return function* (spectrum: Spectrum): Generator<Float32Array> {
    const frames = spectrum.f0.length
    const wave = pulses(spectrum.f0)
    const length = frames * HOP
    // From half a window before the first sample on.
    const sum = new Float64Array(length + FFT_SIZE)
    const weight = new Float64Array(length + FFT_SIZE)
    let given = 0

    function add(frame: number, samples: Float64Array): void {
      for (let at = 0, to = frame * HOP; at < FFT_SIZE; at++, to++) {
        sum[to] = (sum[to] as number) + (samples[at] as number)
        weight[to] = (weight[to] as number) + (hann[at] as number) ** 2
      }
    }

    for (let frame = 0; frame < frames; frame += 2) {
      const [first, second] = sound(wave, spectrum, frame, frames)
      add(frame, first)
      if (frame + 1 < frames) add(frame + 1, second)
      const isLast = frame + 2 >= frames
      if (!isLast && (frame + 2) % CHUNK_FRAMES !== 0) continue
      const ready = isLast ? length : (frame + 2) * HOP - HALF
      const piece = new Float32Array(ready - given)
      for (let at = 0, from = given + HALF; at < piece.length; at++, from++)
        piece[at] = (sum[from] as number) / Math.max(weight[from] as number, 1e-11)
      given = ready
      yield piece
    }
  }
}
