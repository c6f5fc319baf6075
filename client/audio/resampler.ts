/** Zero crossings of the filter on each side. */
const HALF_WIDTH = 16

/**
 * Converts the rate of a stream of samples, chunk by chunk without a seam; its output is 16 input samples late.
 * Polyphase windowed sinc (Blackman), as in Crochiere and Rabiner, Multirate Digital Signal Processing, 1983, chapter 4.
 * Browsers would convert each chunk by itself and leave a click at every edge.
 */
export function createResampler(
  fromHz: number,
  toHz: number,
): (chunk: Float32Array) => Float32Array<ArrayBuffer> {
  const divisor = greatestCommonDivisor(fromHz, toHz)
  const phases = toHz / divisor
  const step = fromHz / divisor
  const taps = 2 * HALF_WIDTH
  const filters = filterBank(phases, taps, Math.min(1, toHz / fromHz))
  let rest = new Float32Array(taps - 1)
  /** Of the next output sample, in steps of 1/phases input samples from the start of `rest`. */
  let position = 0

  return chunk => {
    const input = new Float32Array(rest.length + chunk.length)
    input.set(rest)
    input.set(chunk, rest.length)
    const end = (input.length - taps + 1) * phases
    const output = new Float32Array(Math.max(0, Math.ceil((end - position) / step)))
    for (let index = 0; index < output.length; index++) {
      const start = Math.floor(position / phases)
      const filter = (position % phases) * taps
      let sum = 0
      for (let tap = 0; tap < taps; tap++) sum += (filters[filter + tap] ?? 0) * (input[start + tap] ?? 0)
      output[index] = sum
      position += step
    }
    rest = input.slice(-(taps - 1))
    position -= (input.length - rest.length) * phases
    return output
  }
}

/** The filter for each fraction of an input sample, one after the other; each passes a constant unchanged. */
function filterBank(phases: number, taps: number, cutoff: number): Float32Array {
  const filters = new Float32Array(phases * taps)
  for (let phase = 0; phase < phases; phase++) {
    const filter = filters.subarray(phase * taps, (phase + 1) * taps)
    let sum = 0
    for (let tap = 0; tap < taps; tap++) {
      const x = tap - (HALF_WIDTH - 1) - phase / phases
      const angle = (Math.PI * (x + HALF_WIDTH)) / HALF_WIDTH
      const window = 0.42 - 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle)
      filter[tap] = sinc(cutoff * x) * window
      sum += filter[tap] ?? 0
    }
    for (let tap = 0; tap < taps; tap++) filter[tap] = (filter[tap] ?? 0) / sum
  }
  return filters
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
