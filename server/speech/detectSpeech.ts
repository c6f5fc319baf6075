import { joinSamples } from '../audio/pcm.ts'
import { type TrackerEvent, type TrackerOptions, track, trackEnd, trackerStart } from './speechTracker.ts'
import { frameMs, frameSamples, type VoiceActivity } from './voiceActivity.ts'

export type DetectOptions = TrackerOptions & {
  /** Kept from before the first voiced frame, so that the first sound is never cut. */
  preRollMs: number
}

/** Positions are milliseconds on the timeline of the audio that came in, resolution 32 ms. */
export type SpeechEvent =
  /** Speech began; sent once enough of it is voiced, `positionMs` is its first voiced frame. */
  | { type: 'started'; positionMs: number }
  /** A short silence: the utterance so far may be decoded early. */
  | { type: 'paused'; positionMs: number; utterance: HeardUtterance }
  /** Speech goes on: what was decoded early is not all. */
  | { type: 'resumed'; positionMs: number }
  /** The utterance is over; `positionMs` is where that was decided. */
  | { type: 'ended'; positionMs: number; reason: 'silence' | 'too-long' | 'end'; utterance: HeardUtterance }

export type HeardUtterance = {
  /** From the pre-roll to the last frame heard. */
  samples: Int16Array
  /** Position of the first of the samples. */
  startMs: number
  /** End of the last voiced frame. */
  lastVoicedMs: number
  speechMs: number
}

/**
 * Utterances in live audio, as they begin, pause and end. The frames decide alone: nothing depends on when they come.
 *
 * @param frames 512 samples each (mono, 16 kHz); see `framesOf` for other chunks
 */
export async function* detectSpeech(
  activity: VoiceActivity,
  frames: AsyncIterable<Int16Array>,
  options: DetectOptions,
  signal: AbortSignal,
): AsyncGenerator<SpeechEvent> {
  const stream = activity.open()
  const kept = createMemory()
  const preRollFrames = Math.ceil(options.preRollMs / frameMs)
  let state = trackerStart

  const happened = (event: TrackerEvent): SpeechEvent => {
    const positionMs = state.frames * frameMs
    if (event.type === 'started') return event
    if (event.type === 'resumed') return { type: 'resumed', positionMs }
    const utterance = {
      samples: kept.all(),
      startMs: kept.firstFrame() * frameMs,
      lastVoicedMs: event.lastVoicedMs,
      speechMs: event.speechMs,
    }
    return event.type === 'ended'
      ? { type: 'ended', positionMs, reason: event.reason, utterance }
      : { type: 'paused', positionMs, utterance }
  }

  for await (const frame of frames) {
    signal.throwIfAborted()
    kept.add(frame)
    const step = track(state, await stream.push(frame), options)
    state = step.state
    if (step.event !== null) yield happened(step.event)
    kept.forgetBefore((state.utterance?.startFrame ?? state.frames) - preRollFrames)
  }
  signal.throwIfAborted()
  const last = trackEnd(state)
  if (last !== null) yield happened(last)
}

/** Whole frames of chunks of any length; an incomplete last one is filled up with silence. */
export async function* framesOf(chunks: AsyncIterable<Int16Array>): AsyncGenerator<Int16Array> {
  let frame = new Int16Array(frameSamples)
  let filled = 0
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; ) {
      const part = chunk.subarray(offset, offset + frameSamples - filled)
      frame.set(part, filled)
      filled += part.length
      offset += part.length
      if (filled < frameSamples) break
      yield frame
      frame = new Int16Array(frameSamples)
      filled = 0
    }
  }
  if (filled > 0) yield frame
}

/** The last frames, from the one asked for on. */
function createMemory() {
  let first = 0
  let frames: Int16Array[] = []
  return {
    firstFrame: () => first,
    add(frame: Int16Array) {
      frames.push(frame)
    },
    forgetBefore(frame: number) {
      const count = Math.min(frames.length, frame - first)
      if (count <= 0) return
      frames = frames.slice(count)
      first += count
    },
    all: () => joinSamples(frames),
  }
}
