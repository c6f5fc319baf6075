import { joinFloats } from './floats.ts'

/** Stop-band attenuation aimed at, dB. 16-bit speech has less dynamic range than that. */
const ATTENUATION_DB = 80
/** Transition band, centred on the cut-off: 7.2 to 8.4 kHz at 16 kHz out, so that what folds back lies above 7.6 kHz. */
const CUTOFF_SHARE = 0.975
const TRANSITION_SHARE = 0.15
/**
 * Ratios with more phases than this share a table of so many, interpolated linearly. Both are for output that is not
 * slower than input. Where it is, a row has more taps by that ratio and neighbouring rows differ by less, so fewer do:
 * any rate is ready in some 20 ms.
 */
const MAX_EXACT_PHASES = 640
const SHARED_PHASES = 512

export type Resampler = {
  /** So many samples of its output are held back until more input comes. */
  heldBack: number
  /** Takes samples, gives those that are ready. Any chunking of the same input gives the same samples. */
  push(samples: Float32Array): Float32Array
  /** The rest; the resampler is then used up. In all there are ceil(input × out / in) samples, aligned with the input. */
  end(): Float32Array
}

/**
 * A streaming windowed-sinc resampler in polyphase form: Kaiser window, 80 dB, unity gain.
 *
 * Own code because the kept packages cannot do it: `@alexanderolsen/libsamplerate-js` has no way to flush the
 * tail, others know only whole buffers. Method: J. O. Smith, "Digital Audio Resampling"; window length and
 * beta after Kaiser (Oppenheim and Schafer, "Discrete-Time Signal Processing", 7.6).
 */
export function createResampler(inputRate: number, outputRate: number): Resampler {
  if (inputRate === outputRate)
    return { heldBack: 0, push: samples => samples, end: () => new Float32Array(0) }
  const divisor = greatestCommonDivisor(inputRate, outputRate)
  const up = outputRate / divisor
  const down = inputRate / divisor
  const narrow = Math.min(1, outputRate / inputRate)
  const { table, taps, phases } = coefficients(
    narrow,
    up <= MAX_EXACT_PHASES * narrow ? up : Math.ceil(SHARED_PHASES * narrow),
  )
  const half = taps / 2

  /** Input not yet used up; `buffer[0]` is input sample `first`. Starts with silence before the first sample. */
  let buffer = new Float32Array(half)
  let first = -half
  let received = 0
  let produced = 0

  const produce = (limit: number) => {
    const result = new Float32Array(Math.max(0, limit - produced))
    for (let index = 0; index < result.length; index++, produced++) {
      const position = produced * down
      const whole = Math.floor(position / up)
      const phase = ((position % up) / up) * phases
      const row = Math.floor(phase)
      const share = phase - row
      const start = whole - half + 1 - first
      let sum = 0
      const offset = row * taps
      if (share === 0) {
        for (let tap = 0; tap < taps; tap++) sum += (buffer[start + tap] ?? 0) * (table[offset + tap] ?? 0)
      } else {
        for (let tap = 0; tap < taps; tap++) {
          const low = table[offset + tap] ?? 0
          sum += (buffer[start + tap] ?? 0) * (low + share * ((table[offset + taps + tap] ?? 0) - low))
        }
      }
      result[index] = sum
    }
    const needed = Math.floor((produced * down) / up) - half + 1
    const drop = Math.min(buffer.length, needed - first)
    if (drop > 0) {
      buffer = buffer.slice(drop)
      first += drop
    }
    return result
  }

  const append = (samples: Float32Array) => {
    buffer = joinFloats(buffer, samples)
  }

  return {
    heldBack: Math.ceil((half * up) / down),
    push(samples) {
      append(samples)
      received += samples.length
      // Output n needs input up to floor(n × down / up) + half.
      return produce(Math.ceil(((received - half) * up) / down))
    },
    end() {
      append(new Float32Array(taps))
      return produce(Math.ceil((received * up) / down))
    },
  }
}

/** One row of taps for each phase, and one more for the interpolation after the last. */
function coefficients(narrow: number, phases: number) {
  const transition = 0.5 * TRANSITION_SHARE * narrow
  const taps = 2 * Math.ceil((ATTENUATION_DB - 7.95) / (14.36 * transition) / 2)
  const beta = 0.1102 * (ATTENUATION_DB - 8.7)
  const cutoff = CUTOFF_SHARE * narrow
  const half = taps / 2
  const table = new Float32Array((phases + 1) * taps)
  for (let phase = 0; phase <= phases; phase++) {
    let sum = 0
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - half + 1 - phase / phases
      const value = sinc(cutoff * distance) * kaiser(distance / half, beta)
      table[phase * taps + tap] = value
      sum += value
    }
    for (let tap = 0; tap < taps; tap++) {
      table[phase * taps + tap] = (table[phase * taps + tap] ?? 0) / sum
    }
  }
  return { table, taps, phases }
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

/** Up to a constant factor: each row of the table is made to sum to 1. */
function kaiser(x: number, beta: number): number {
  return Math.abs(x) > 1 ? 0 : besselI0(beta * Math.sqrt(1 - x * x))
}

/** Modified Bessel function of order 0 by its power series. */
function besselI0(x: number): number {
  let term = 1
  let sum = 1
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
