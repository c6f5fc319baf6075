import { setTimeout as sleep } from 'node:timers/promises'
import { createPcmResampler, joinSamples, toBytes } from '../../../server/audio/pcm.ts'
import { readClip } from '../../../server/audio/readClip.ts'

export const REALTIME_RATE = 24_000
const FRAME_MS = 40

/** A recorded question as clients of OpenAI send it, at 24 kHz. */
export async function clipAt24(path: string): Promise<Int16Array> {
  const { samples } = await readClip(path, 60, new AbortController().signal)
  const resampler = createPcmResampler(16_000, REALTIME_RATE)
  return joinSamples([resampler.push(samples), resampler.end()])
}

/** Gives `send` the clip as a microphone would, in real time, and then silence until `until` settles. */
export async function speak(
  clip: Int16Array,
  send: (pcm: Buffer) => void,
  until: Promise<unknown>,
): Promise<void> {
  let isOver = false
  const stop = () => {
    isOver = true
  }
  void until.then(stop, stop)
  const step = (REALTIME_RATE * FRAME_MS) / 1000
  const startedAt = performance.now()
  for (let frame = 0; !isOver; frame++) {
    const samples = new Int16Array(step)
    samples.set(clip.subarray(frame * step, (frame + 1) * step))
    send(Buffer.from(toBytes(samples)))
    await sleep(Math.max(0, startedAt + (frame + 1) * FRAME_MS - performance.now()))
  }
}
