import { createFft } from '../../audio/fft.ts'

/** Samples a second of what comes out. */
export const SAMPLE_RATE = 24_000
/** One frame is 12.5 ms further on than the one before. */
export const HOP = 300
const FFT_SIZE = 1200
export const BINS = FFT_SIZE / 2 + 1
const HALF = FFT_SIZE / 2
/** A quarter of a second at a time: little enough to be interrupted, and to be heard before the rest is made. */
const CHUNK_FRAMES = 20

/** Below it a frame has no voice. */
const LOWEST_PITCH = 40
/** Harmonics of the pulses go up to here. */
const HIGHEST_HARMONIC = 11_000
const LOUDEST = 7
/** From there on the hyperbolic tangent is 1. */
const MOST = 40

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

/** Fills an array with normally distributed numbers, mean 0, variance 1. */
export type Noise = (numbers: Float32Array) => void

/** Out of a table (Box and Muller 1958) that is read from another place each time, so that nobody hears that it ends. */
export function createNoise(random: () => number = Math.random): Noise {
  const table = new Float32Array(2 ** 16)
  for (let at = 0; at < table.length; at += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    const angle = 2 * Math.PI * random()
    table[at] = radius * Math.cos(angle)
    table[at + 1] = radius * Math.sin(angle)
  }
  return numbers => {
    const from = Math.floor(random() * (table.length - numbers.length))
    numbers.set(table.subarray(from, from + numbers.length))
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

const POWER_STEPS = 2 ** 12
const powers = Float64Array.from({ length: POWER_STEPS }, (_, at) => 2 ** (at / POWER_STEPS))
const LOWEST_POWER = -64
const scales = Float64Array.from({ length: 128 }, (_, at) => 2 ** (at + LOWEST_POWER))

/** e^x for x below 43, off by less than a ten-thousandth, in a fraction of the time of `Math.exp`; 2^−64 where that would be less. */
function exponential(x: number): number {
  const step = Math.max(LOWEST_POWER * POWER_STEPS, Math.round(x * (POWER_STEPS / Math.LN2)))
  return (powers[step & (POWER_STEPS - 1)] as number) * (scales[(step >> 12) - LOWEST_POWER] as number)
}

/**
 * Makes sentences audible as hibari's `dsp.py` does: pulses through the harmonic branch, noise through its own, a free one, and an inverse
 * short-time Fourier transform (Hann, 1200 by 300, centred). Two frames at a time, one as the real part of the transform, one as the imaginary.
 */
export function createWave(noise: Noise) {
  const fft = createFft(FFT_SIZE)
  const re = new Float64Array(FFT_SIZE)
  const im = new Float64Array(FFT_SIZE)
  const hiss = new Float32Array(2 * BINS)
  const spectra = [0, 1].map(() => ({ re: new Float64Array(BINS), im: new Float64Array(BINS) }))
  const [first, second] = spectra as [(typeof spectra)[0], (typeof spectra)[0]]

  /** Makes of the pulses' spectrum of one frame what the network says. */
  function shape(
    { lh, theta, ln, lr, phi }: Spectrum,
    frame: number,
    frames: number,
    { re, im }: typeof first,
  ) {
    noise(hiss)
    for (let bin = 0, at = frame; bin < BINS; bin++, at += frames) {
      const turn = stepOf(Math.PI * (1 - 2 / (exponential(Math.min(2 * (theta[at] as number), MOST)) + 1)))
      const harmonic = exponential(Math.min(lh[at] as number, LOUDEST))
      const cos = harmonic * cosineAt(turn)
      const sin = harmonic * sineAt(turn)
      const loud = exponential(Math.min(ln[at] as number, LOUDEST))
      const free = exponential(Math.min(lr[at] as number, LOUDEST))
      const angle = stepOf(phi[at] as number)
      const a = re[bin] as number
      const b = im[bin] as number
      re[bin] = a * cos - b * sin + loud * (hiss[bin] as number) + free * cosineAt(angle)
      im[bin] = a * sin + b * cos + loud * (hiss[BINS + bin] as number) + free * sineAt(angle)
    }
    // Of a real signal.
    im[0] = 0
    im[HALF] = 0
  }

  /** The pulses of two frames in a row, the first as the real part of one transform. */
  function analyse(wave: Float32Array, frame: number): void {
    for (let at = 0, from = frame * HOP - HALF; at < FFT_SIZE; at++, from++) {
      const share = (hann[at] as number) / (FFT_SIZE / 4)
      re[at] = mirrored(wave, from) * share
      im[at] = mirrored(wave, from + HOP) * share
    }
    const pulse = fft(re, im)
    for (let bin = 0; bin < BINS; bin++) {
      const mirror = bin === 0 ? 0 : FFT_SIZE - bin
      first.re[bin] = ((pulse.re[bin] as number) + (pulse.re[mirror] as number)) / 2
      first.im[bin] = ((pulse.im[bin] as number) - (pulse.im[mirror] as number)) / 2
      second.re[bin] = ((pulse.im[bin] as number) + (pulse.im[mirror] as number)) / 2
      second.im[bin] = ((pulse.re[mirror] as number) - (pulse.re[bin] as number)) / 2
    }
  }

  /** The sound of the two, windowed. */
  function synthesize(): readonly [Float64Array, Float64Array] {
    // Real and imaginary part are swapped: then the transform is the inverse one, swapped as well.
    for (let bin = 0; bin < BINS; bin++) {
      const mirror = bin === 0 ? 0 : FFT_SIZE - bin
      im[mirror] = (first.re[bin] as number) + (second.im[bin] as number)
      re[mirror] = (second.re[bin] as number) - (first.im[bin] as number)
      im[bin] = (first.re[bin] as number) - (second.im[bin] as number)
      re[bin] = (first.im[bin] as number) + (second.re[bin] as number)
    }
    const { re: secondFrame, im: firstFrame } = fft(re, im)
    for (let at = 0; at < FFT_SIZE; at++) {
      const share = (hann[at] as number) / FFT_SIZE
      firstFrame[at] = (firstFrame[at] as number) * share
      secondFrame[at] = (secondFrame[at] as number) * share
    }
    return [firstFrame, secondFrame]
  }

  /** Floats of full scale ±1, a quarter of a second a piece. */
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
      const hasSecond = frame + 1 < frames
      analyse(wave, frame)
      shape(spectrum, frame, frames, first)
      if (hasSecond) shape(spectrum, frame + 1, frames, second)
      const [sound, next] = synthesize()
      add(frame, sound)
      if (hasSecond) add(frame + 1, next)
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
