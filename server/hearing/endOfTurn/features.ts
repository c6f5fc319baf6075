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
 * it, and all of that gets zero mean and unit variance first. 3 ms for 2 s, 6 ms for 8 s (two quiet cores): for a thread of its
 * own.
 *
 * @param samples mono, 16 kHz, any length
 */
export function melFeatures(samples: Int16Array): Float32Array {
  const heard = samples.subarray(-HEARD_SAMPLES)
  const padding = HEARD_SAMPLES - heard.length
  const wave = normalized(heard, padding)
  const features = new Float32Array(MEL_BANDS * MEL_FRAMES)
  // Frames of nothing but padding are all alike.
  const firstFrame = Math.max(0, Math.floor((padding - WINDOW / 2) / HOP))
  for (let frame = firstFrame; frame < MEL_FRAMES; frame += 2) addTwoFrames(wave, frame, features)
  for (let band = 0; band < MEL_BANDS; band++) {
    const row = band * MEL_FRAMES
    features.fill(features[row + firstFrame] ?? 0, row, row + firstFrame)
  }
  // The logarithm reaches 8 decades below the loudest.
  const floor = features.reduce((loudest, value) => Math.max(loudest, value), Number.NEGATIVE_INFINITY) - 8
  return features.map(value => (Math.max(value, floor) + 4) / 4)
}

function normalized(heard: Int16Array, padding: number): Float64Array {
  const wave = new Float64Array(HEARD_SAMPLES)
  let [sum, squares] = [0, 0]
  for (let index = 0; index < heard.length; index++) {
    const value = (heard[index] ?? 0) / 32_768
    wave[padding + index] = value
    sum += value
    squares += value * value
  }
  const mean = sum / HEARD_SAMPLES
  const deviation = Math.sqrt(squares / HEARD_SAMPLES - mean * mean + 1e-7)
  for (let index = 0; index < HEARD_SAMPLES; index++) wave[index] = ((wave[index] ?? 0) - mean) / deviation
  return wave
}

const re = new Float64Array(WINDOW)
const im = new Float64Array(WINDOW)

/** Two real frames are one complex one, and come apart again by their symmetry. */
function addTwoFrames(wave: Float64Array, frame: number, features: Float32Array): void {
  const from = frame * HOP - WINDOW / 2
  for (let index = 0; index < WINDOW; index++) {
    const weight = window[index] ?? 0
    re[index] = weight * (wave[reflected(from + index)] ?? 0)
    im[index] = weight * (wave[reflected(from + HOP + index)] ?? 0)
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

/** Frames are centred on their time: what they need beyond an edge is mirrored there. */
function reflected(index: number): number {
  if (index < 0) return -index
  return index < HEARD_SAMPLES ? index : 2 * (HEARD_SAMPLES - 1) - index
}

/** Triangles are zero but for a few bins. */
function bandsOf(filters: Float32Array) {
  return Array.from({ length: MEL_BANDS }, (_, band) => {
    const row = filters.subarray(band * BINS, (band + 1) * BINS)
    const firstBin = row.findIndex(weight => weight > 0)
    return { firstBin, weights: row.slice(firstBin, row.findLastIndex(weight => weight > 0) + 1) }
  })
}
