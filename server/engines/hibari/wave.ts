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

/**
 * Makes sentences audible as hibari's `dsp.py` does: pulses through the harmonic branch, noise through its own, a free one, and an inverse
 * short-time Fourier transform (Hann, 1200 by 300, centred). What it gives holds until the next piece.
 * @param noise normally distributed
 */
export function createWave(noise: () => number) {
  const fft = createFft(FFT_SIZE)
  const re = new Float64Array(FFT_SIZE)
  const im = new Float64Array(FFT_SIZE)

  /** Adds to a spectrum, which is that of the pulses, what the network says of one frame. */
  function shape(spectrum: Spectrum, frame: number, frames: number, real: Float64Array, imag: Float64Array) {
    const { lh, theta, ln, lr, phi } = spectrum
    for (let bin = 0, at = frame; bin < BINS; bin++, at += frames) {
      const turn = Math.PI * Math.tanh(theta[at] ?? 0)
      const harmonic = Math.exp(Math.min(lh[at] ?? 0, LOUDEST))
      const [cos, sin] = [harmonic * Math.cos(turn), harmonic * Math.sin(turn)]
      const hiss = Math.exp(Math.min(ln[at] ?? 0, LOUDEST))
      const free = Math.exp(Math.min(lr[at] ?? 0, LOUDEST))
      const angle = phi[at] ?? 0
      const [a, b] = [real[bin] ?? 0, imag[bin] ?? 0]
      real[bin] = a * cos - b * sin + hiss * noise() + free * Math.cos(angle)
      imag[bin] = a * sin + b * cos + hiss * noise() + free * Math.sin(angle)
    }
  }

  /** Samples of one frame, windowed. */
  function sound(wave: Float32Array, spectrum: Spectrum, frame: number, frames: number): Float64Array {
    im.fill(0)
    for (let at = 0; at < FFT_SIZE; at++)
      re[at] = (mirrored(wave, frame * HOP - HALF + at) * (hann[at] ?? 0)) / (FFT_SIZE / 4)
    const pulse = fft(re, im)
    re.set(pulse.re)
    im.set(pulse.im)
    shape(spectrum, frame, frames, re, im)
    // Of a real signal; back by the transform of the conjugate.
    im[0] = 0
    im[HALF] = 0
    for (let bin = 1; bin < HALF; bin++) {
      re[FFT_SIZE - bin] = re[bin] ?? 0
      im[FFT_SIZE - bin] = im[bin] ?? 0
      im[bin] = -(im[bin] ?? 0)
    }
    const { re: samples } = fft(re, im)
    for (let at = 0; at < FFT_SIZE; at++) samples[at] = ((samples[at] ?? 0) * (hann[at] ?? 0)) / FFT_SIZE
    return samples
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
    for (let frame = 0; frame < frames; frame++) {
      const samples = sound(wave, spectrum, frame, frames)
      for (let at = 0, to = frame * HOP; at < FFT_SIZE; at++, to++) {
        sum[to] = (sum[to] ?? 0) + (samples[at] ?? 0)
        weight[to] = (weight[to] ?? 0) + (hann[at] ?? 0) ** 2
      }
      const isLast = frame === frames - 1
      const ready = isLast ? length : (frame + 1) * HOP - HALF
      if (ready <= given || (!isLast && (frame + 1) % CHUNK_FRAMES !== 0)) continue
      const piece = new Float32Array(ready - given)
      for (let at = 0; at < piece.length; at++) {
        const from = given + at + HALF
        piece[at] = (sum[from] ?? 0) / Math.max(weight[from] ?? 0, 1e-11)
      }
      given = ready
      yield piece
    }
  }
}
