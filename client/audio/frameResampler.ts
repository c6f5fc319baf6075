import { createResampler } from '../../server/shared/resampler.ts'

const FRAME_MS = 20

/** Frames of one rate as frames of another, 20 ms or a little longer; null while one is not full. */
export function createFrameResampler(
  inputRate: number,
  outputRate: number,
): (pcm: ArrayBuffer) => ArrayBuffer | null {
  const resampler = createResampler(inputRate, outputRate)
  const size = Math.ceil((outputRate * FRAME_MS) / 1000)
  let waiting: number[] = []

  return pcm => {
    const samples = resampler.push(Float32Array.from(new Int16Array(pcm), sample => sample / 32768))
    for (const sample of samples) waiting.push(Math.max(-32768, Math.min(32767, Math.round(sample * 32768))))
    if (waiting.length < size) return null
    const frame = Int16Array.from(waiting)
    waiting = []
    return frame.buffer
  }
}
