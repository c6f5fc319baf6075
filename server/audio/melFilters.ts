/**
 * The triangular mel filter bank that Whisper was trained with: librosa's `filters.mel` (Slaney's scale and area norm,
 * Auditory Toolbox 1998) for 16 kHz and an FFT of 400 samples, so 201 bins. Row-major, one row a band, float32.
 */
export function melFilters(bandCount: number): Float32Array {
  const sampleRate = 16_000
  const fftSize = 400
  const binCount = fftSize / 2 + 1
  const edges = melEdges(bandCount + 2, sampleRate / 2)
  const filters = new Float32Array(bandCount * binCount)
  for (let band = 0; band < bandCount; band++) {
    const [low, centre, high] = [edges[band] ?? 0, edges[band + 1] ?? 0, edges[band + 2] ?? 0]
    const areaNorm = 2 / (high - low)
    for (let bin = 0; bin < binCount; bin++) {
      const frequency = (bin * sampleRate) / fftSize
      const rising = (frequency - low) / (centre - low)
      const falling = (high - frequency) / (high - centre)
      // librosa stores the triangle as float32 before it applies the norm.
      const triangle = Math.fround(Math.max(0, Math.min(rising, falling)))
      filters[band * binCount + bin] = triangle * areaNorm
    }
  }
  return filters
}

/** `count` frequencies in Hz, evenly spaced on Slaney's mel scale from 0 to `top`: linear to 1 kHz, logarithmic above. */
function melEdges(count: number, top: number): number[] {
  const hertzPerMel = 200 / 3
  const breakHertz = 1000
  const breakMel = breakHertz / hertzPerMel
  const logStep = Math.log(6.4) / 27
  const toMel = (hertz: number) =>
    hertz < breakHertz ? hertz / hertzPerMel : breakMel + Math.log(hertz / breakHertz) / logStep
  const toHertz = (mel: number) =>
    mel < breakMel ? mel * hertzPerMel : breakHertz * Math.exp(logStep * (mel - breakMel))
  const topMel = toMel(top)
  const step = topMel / (count - 1)
  // The last edge from topMel itself, as numpy.linspace does: a rounding error there would leave a trace at the top bin.
  return Array.from({ length: count }, (_, index) => toHertz(index === count - 1 ? topMel : index * step))
}
