/** What a network gave as a whole in quarters of a second: little enough to be interrupted. */
export function* piecesOf(samples: Float32Array, sampleRate: number): Generator<Float32Array> {
  const length = Math.floor(sampleRate / 4)
  for (let at = 0; at < samples.length; at += length) yield samples.subarray(at, at + length)
}
