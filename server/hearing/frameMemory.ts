import { joinSamples } from '../audio/pcm.ts'
import type { Speech, Utterance } from '../audio/utterance.ts'
import { FRAME_MS } from './voiceActivity.ts'

/** What a listener keeps of the frames it heard: an utterance with the sound before it, and where in it somebody spoke. */
export type FrameMemory = {
  push(frame: Int16Array): void
  frames(): readonly Int16Array[]
  /** Frame number `frame`, counted from the first ever, is voiced; less silence than `pauseMs` before it is none. */
  noteVoiced(frame: number, pauseMs: number): void
  forgetVoiced(): void
  /** Keeps no more than the pre-roll of what came before frame number `frame`. */
  forgetBefore(frame: number): void
  splitAt(frame: number): [before: Int16Array, since: Int16Array]
  /** Where speech is since `startFrame`, placed from the first sample kept. */
  speech(startFrame: number, speechMs: number): Speech
  utterance(ended: { startMs: number; lastVoicedMs: number; speechMs: number }): Utterance
}

export function createFrameMemory(preRollMs: number): FrameMemory {
  let frames: Int16Array[] = []
  /** Number of the first that is kept. */
  let first = 0
  let runs: { start: number; end: number }[] = []

  const place = (frame: number) => (frame - first) * FRAME_MS

  function speech(startFrame: number, speechMs: number): Speech {
    const spoken = runs.filter(run => run.start >= startFrame)
    return {
      segments: spoken.map(({ start, end }) => ({ startMs: place(start), endMs: place(end) })),
      speechMs,
    }
  }

  return {
    push: frame => void frames.push(frame),
    frames: () => frames,
    noteVoiced(frame, pauseMs) {
      const last = runs.at(-1)
      if (last && (frame - last.end) * FRAME_MS < pauseMs) last.end = frame + 1
      else runs.push({ start: frame, end: frame + 1 })
    },
    forgetVoiced() {
      runs = []
    },
    forgetBefore(frame) {
      const count = Math.min(frames.length, frame - Math.ceil(preRollMs / FRAME_MS) - first)
      if (count <= 0) return
      frames = frames.slice(count)
      first += count
    },
    splitAt: frame => [joinSamples(frames.slice(0, frame - first)), joinSamples(frames.slice(frame - first))],
    speech,
    utterance: ({ startMs, lastVoicedMs, speechMs }) => ({
      ...speech(Math.round(startMs / FRAME_MS), speechMs),
      ...{ samples: joinSamples(frames), startMs: first * FRAME_MS, lastVoicedMs },
    }),
  }
}
