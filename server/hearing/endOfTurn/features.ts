import { createFft, type Fft } from '../../audio/fft.ts'
import { melFilters } from '../../audio/melFilters.ts'
import { PCM_SAMPLE_RATE } from '../../audio/pcm.ts'

/** What the model hears: the last 8 s, at 16 kHz. */
export const HEARD_SAMPLES = 8 * PCM_SAMPLE_RATE
export const MEL_BANDS = 80
const HOP = 160
const WINDOW = 400
const BINS = WINDOW / 2 + 1
export const MEL_FRAMES = HEARD_SAMPLES / HOP

/** Periodic Hann. */
const window = Float64Array.from({ length: WINDOW }, (_, index) => {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / WINDOW)
})
const bands = bandsOf(melFilters(MEL_BANDS))
const noBand = { firstBin: 0, weights: new Float32Array() }
const fft = createFft(WINDOW)

/**
 * The log mel spectrogram that Smart Turn v3 hears, [80 bands][800 frames] row by row: that of Whisper (Radford et al. 2022, as in
 * transformers' WhisperFeatureExtractor with `do_normalize`) over 8 s. The clip is cut to its last 8 s, or has zeros put before
 * it, and all of that gets zero mean and unit variance first. 2 to 3 ms of a busy processor for 2 s, 6 ms for 8 s: for a thread of its
 * own.
 *
 * @param samples mono, 16 kHz, any length
 */
export function melFeatures(samples: Int16Array): Float32Array {
  const heard = samples.subarray(-HEARD_SAMPLES)
  const padding = HEARD_SAMPLES - heard.length
  hear(heard, padding)
  const features = new Float32Array(MEL_BANDS * MEL_FRAMES)
  // Frames of nothing but padding are all alike.
  const firstFrame = Math.max(0, Math.floor((padding - EDGE) / HOP))
  for (let frame = firstFrame; frame < MEL_FRAMES; frame += 2) addTwoFrames(frame, features)
  for (let band = 0; band < MEL_BANDS; band++) {
    const row = band * MEL_FRAMES
    features.fill(features[row + firstFrame] ?? 0, row, row + firstFrame)
  }
  // The logarithm reaches 8 decades below the loudest.
  let floor = Number.NEGATIVE_INFINITY
  for (const value of features) floor = Math.max(floor, value - 8)
  for (let index = 0; index < features.length; index++)
    features[index] = (Math.max(features[index] ?? 0, floor) + 4) / 4
  return features
}

/** Frames are centred on their time: what they need beyond an end is mirrored there. */
const EDGE = WINDOW / 2
/** Made once: to allocate it for every question kept the garbage collector busy. */
const wave = new Float64Array(HEARD_SAMPLES + WINDOW)

/** Fills the wave. */
function hear(heard: Int16Array, padding: number): void {
  let [sum, squares] = [0, 0]
  for (const sample of heard) {
    const value = sample / 32_768
    sum += value
    squares += value * value
  }
  const mean = sum / HEARD_SAMPLES
  const deviation = Math.sqrt(squares / HEARD_SAMPLES - mean * mean + 1e-7)
  wave.fill(-mean / deviation, EDGE, EDGE + padding)
  const from = EDGE + padding
  for (let index = 0; index < heard.length; index++)
    wave[from + index] = ((heard[index] ?? 0) / 32_768 - mean) / deviation
  const last = EDGE + HEARD_SAMPLES - 1
  for (let index = 1; index <= EDGE; index++) {
    wave[EDGE - index] = wave[EDGE + index] ?? 0
    wave[last + index] = wave[last - index] ?? 0
  }
}

const re = new Float64Array(WINDOW)
const im = new Float64Array(WINDOW)

/** Two real frames are one complex one, and come apart again by their symmetry. */
function addTwoFrames(frame: number, features: Float32Array): void {
  const from = frame * HOP
  for (let index = 0; index < WINDOW; index++) {
    const weight = window[index] ?? 0
    re[index] = weight * (wave[from + index] ?? 0)
    im[index] = weight * (wave[from + HOP + index] ?? 0)
  }
  const sums = fft(re, im)
  addFrame(sums, 1, frame, features)
  if (frame + 1 < MEL_FRAMES) addFrame(sums, -1, frame + 1, features)
}

const power = new Float64Array(BINS)

function addFrame(sums: ReturnType<Fft>, sign: 1 | -1, frame: number, features: Float32Array): void {
  for (let bin = 0; bin < BINS; bin++) {
    const mirrored = bin === 0 ? 0 : WINDOW - bin
    const a = (sums.re[bin] ?? 0) + sign * (sums.re[mirrored] ?? 0)
    const b = (sums.im[bin] ?? 0) - sign * (sums.im[mirrored] ?? 0)
    power[bin] = (a * a + b * b) / 4
  }
  for (let band = 0; band < MEL_BANDS; band++) {
    const { firstBin, weights } = bands[band] ?? noBand
    let energy = 0
    for (let index = 0; index < weights.length; index++) {
      energy += (weights[index] ?? 0) * (power[firstBin + index] ?? 0)
    }
    features[band * MEL_FRAMES + frame] = Math.log10(Math.max(energy, 1e-10))
  }
}

/** Triangles are zero but for a few bins. */
function bandsOf(filters: Float32Array) {
  return Array.from({ length: MEL_BANDS }, (_, band) => {
    const row = filters.subarray(band * BINS, (band + 1) * BINS)
    const firstBin = row.findIndex(weight => weight > 0)
    return { firstBin, weights: row.slice(firstBin, row.findLastIndex(weight => weight > 0) + 1) }
  })
}
