import { joinSamples } from '../audio/pcm.ts'
import type { Utterance } from '../audio/utterance.ts'
import { type TrackerEvent, type TrackerOptions, track, trackEnd, trackerStart } from './speechTracker.ts'
import { frameMs, type VoiceActivityStream } from './voiceActivity.ts'

export type ListenerOptions = TrackerOptions & {
  /** Kept from before the first voiced frame, so that the first sound is never cut; Infinity keeps everything. */
  preRollMs: number
}

/** `positionMs` is where it was decided, but for `started` the first voiced frame; resolution 32 ms. */
export type ListenerEvent =
  | { type: 'started'; positionMs: number }
  /** A short silence: the utterance so far may be decoded early. */
  | { type: 'paused'; positionMs: number; utterance: Utterance }
  /** Speech goes on: what was decoded early is not all. */
  | { type: 'resumed'; positionMs: number }
  | { type: 'ended'; positionMs: number; reason: 'silence' | 'too-long' | 'end'; utterance: Utterance }

export type Listener = {
  /** Hears the next frame (512 samples); the frames decide alone, nothing depends on when they come. */
  push(frame: Int16Array): Promise<ListenerEvent | null>
  /** Ends the utterance now; null where nothing counts as speech. */
  end(): ListenerEvent | null
  /** Forgets the utterance, and goes on listening. */
  drop(): void
  /** Voiced time of the utterance that counts as speech by now; 0 without one. */
  speechMs(): number
  /** That utterance so far; null without one. */
  utterance(): Utterance | null
  /** Takes effect with the next frame. */
  setSilenceMs(silenceMs: number): void
}

/** Finds utterances in live audio, frame by frame, with the sound before them and at each pause. */
export function createListener(stream: VoiceActivityStream, initial: ListenerOptions): Listener {
  let options = initial
  let state = trackerStart
  let frames: Int16Array[] = []
  let firstFrame = 0
  let runs: { start: number; end: number }[] = []

  function remember(frame: Int16Array): void {
    frames.push(frame)
  }

  function forget(): void {
    const keepFrom = state.utterance?.startFrame ?? state.frames
    const preRoll = Math.ceil(options.preRollMs / frameMs)
    const count = Math.min(frames.length, keepFrom - preRoll - firstFrame)
    if (count <= 0) return
    frames = frames.slice(count)
    firstFrame += count
  }

  function noteVoiced(frame: number): void {
    const last = runs.at(-1)
    if (last && (frame - last.end) * frameMs < options.pauseMs) last.end = frame + 1
    else runs.push({ start: frame, end: frame + 1 })
  }

  function snapshot(lastVoicedMs: number, speechMs: number, fromFrame: number): Utterance {
    const segments = runs
      .filter(run => run.start >= fromFrame)
      .map(run => ({ startMs: (run.start - firstFrame) * frameMs, endMs: (run.end - firstFrame) * frameMs }))
    return { samples: joinSamples(frames), startMs: firstFrame * frameMs, lastVoicedMs, speechMs, segments }
  }

  function told(event: TrackerEvent, fromFrame: number): ListenerEvent {
    if (event.type === 'started') return event
    const positionMs = state.frames * frameMs
    if (event.type === 'resumed') return { type: 'resumed', positionMs }
    const utterance = snapshot(event.lastVoicedMs, event.speechMs, fromFrame)
    return event.type === 'ended'
      ? { type: 'ended', positionMs, reason: event.reason, utterance }
      : { type: 'paused', positionMs, utterance }
  }

  return {
    async push(frame) {
      remember(frame)
      const probability = await stream.push(frame)
      const fromFrame = state.utterance?.startFrame ?? state.frames
      const step = track(state, probability, options)
      if (step.state.voiced) noteVoiced(state.frames)
      state = step.state
      const event = step.event === null ? null : told(step.event, fromFrame)
      if (state.utterance === null && !state.voiced) runs = []
      forget()
      return event
    },
    end() {
      const last = trackEnd(state)
      const event = last === null ? null : told(last, state.utterance?.startFrame ?? 0)
      this.drop()
      return event
    },
    drop() {
      state = { ...trackerStart, frames: state.frames }
      runs = []
      forget()
    },
    speechMs() {
      const { utterance } = state
      return utterance?.confirmed ? utterance.voicedFrames * frameMs : 0
    },
    utterance() {
      const { utterance } = state
      if (!utterance?.confirmed) return null
      return snapshot(utterance.endFrame * frameMs, utterance.voicedFrames * frameMs, utterance.startFrame)
    },
    setSilenceMs(silenceMs) {
      options = { ...options, silenceMs }
    },
  }
}
