import { joinSamples } from '../audio/pcm.ts'
import type { Speech, Utterance } from '../audio/utterance.ts'
import type { Endpointing } from './endpointing.ts'
import { type TrackerEvent, type TrackerOptions, track, trackEnd, trackerStart } from './speechTracker.ts'
import { frameMs, type VoiceActivityStream } from './voiceActivity.ts'

export type ListenerOptions = Omit<TrackerOptions, 'silenceMs'> & {
  /** Kept from before the first voiced frame, so that the first sound is never cut; Infinity keeps everything. */
  preRollMs: number
  /** Asked at each pause whether the utterance is over; null: only `end` ends it. */
  endpointing: Endpointing | null
}

/** `positionMs` is where it was decided, but for `started` the first voiced frame; resolution 32 ms. */
export type ListenerEvent =
  | { type: 'started'; positionMs: number }
  /** A short silence: the utterance so far may be all. `speech` is placed from the first sample of the utterance. */
  | { type: 'paused'; speech: Speech }
  /** Speech goes on. */
  | { type: 'resumed' }
  | { type: 'ended'; utterance: Utterance }

export type Listener = {
  /**
   * Hears the next frame (512 samples); the frames decide alone, nothing depends on when they come.
   * @param partial the newest partial transcript, for the endpointing
   */
  push(frame: Int16Array, partial?: string | null): Promise<ListenerEvent | null>
  /** Ends the utterance now; null where nothing counts as speech. */
  end(): Utterance | null
  /** Forgets the utterance, the rest of it too, and goes on listening after it. */
  drop(): void
  /** Voiced time of the utterance that counts as speech by now; 0 without one. */
  speechMs(): number
  /** The samples of that utterance so far: those from before its first voiced frame, and the rest. */
  soFar(): [before: Int16Array, since: Int16Array]
  /** Takes effect with the next frame. */
  setEndpointing(endpointing: Endpointing): void
}

/** Silence after which what is said is no more of a dropped utterance: longer than most pauses inside one. */
const DROPPED_UNTIL_MS = 500

/** Finds utterances in live audio, frame by frame, with the sound before them and at each pause. */
export function createListener(stream: VoiceActivityStream, options: ListenerOptions): Listener {
  const tracking = { ...options, silenceMs: Number.POSITIVE_INFINITY }
  let { endpointing } = options
  let state = trackerStart
  let frames: Int16Array[] = []
  let firstFrame = 0
  let runs: { start: number; end: number }[] = []
  /** Silence of the pause at which the endpointing wants to be asked next; null until there is another pause. */
  let askAtMs: number | null = null
  /** The rest of a dropped utterance is not heard. */
  let isDeaf = false

  function forget(): void {
    const keepFrom = state.utterance?.startFrame ?? state.frames
    const count = Math.min(frames.length, keepFrom - Math.ceil(options.preRollMs / frameMs) - firstFrame)
    if (count <= 0) return
    frames = frames.slice(count)
    firstFrame += count
  }

  function noteVoiced(frame: number): void {
    const last = runs.at(-1)
    if (last && (frame - last.end) * frameMs < options.pauseMs) last.end = frame + 1
    else runs.push({ start: frame, end: frame + 1 })
  }

  function speechFrom(startFrame: number, speechMs: number): Speech {
    const segments = runs
      .filter(run => run.start >= startFrame)
      .map(run => ({ startMs: (run.start - firstFrame) * frameMs, endMs: (run.end - firstFrame) * frameMs }))
    return { segments, speechMs }
  }

  function wholeUtterance(event: Extract<TrackerEvent, { type: 'ended' }>): Utterance {
    return {
      ...speechFrom(Math.round(event.startMs / frameMs), event.speechMs),
      samples: joinSamples(frames),
      startMs: firstFrame * frameMs,
      lastVoicedMs: event.lastVoicedMs,
    }
  }

  /** Whether the endpointing says that the utterance ends with this frame. */
  function isOver(partial: string | null): boolean {
    const { utterance } = state
    if (endpointing === null || utterance === null || !utterance.paused) return false
    const silenceMs = (state.frames - utterance.endFrame) * frameMs
    if (askAtMs === null || silenceMs < askAtMs) return false
    const speech = speechFrom(utterance.startFrame, utterance.voicedFrames * frameMs)
    const verdict = endpointing.decide({ ...speech, silenceMs, samples: () => joinSamples(frames), partial })
    if (verdict === 'over') return true
    askAtMs = verdict === 'not-yet' ? null : silenceMs + verdict.askAgainInMs
    return false
  }

  function told(
    event: TrackerEvent | null,
    startFrame: number,
    partial: string | null,
  ): ListenerEvent | null {
    if (event?.type === 'started') return event
    if (event?.type === 'resumed') return { type: 'resumed' }
    if (event?.type === 'ended') return { type: 'ended', utterance: wholeUtterance(event) }
    if (event?.type === 'paused') askAtMs = 0
    if (isOver(partial)) {
      const last = trackEnd(state)
      state = { ...trackerStart, frames: state.frames }
      return last?.type === 'ended' ? { type: 'ended', utterance: wholeUtterance(last) } : null
    }
    return event && { type: 'paused', speech: speechFrom(startFrame, event.speechMs) }
  }

  function skip(probability: number): void {
    const { utterance, voiced } = track(state, probability, tracking).state
    const silentMs = (state.frames + 1 - (utterance?.endFrame ?? 0)) * frameMs
    state = { frames: state.frames + 1, voiced, utterance }
    if (utterance !== null && silentMs < DROPPED_UNTIL_MS) return
    isDeaf = false
    state = { ...trackerStart, frames: state.frames }
  }

  return {
    async push(frame, partial = null) {
      frames.push(frame)
      const probability = await stream.push(frame)
      if (isDeaf) {
        skip(probability)
        forget()
        return null
      }
      const startFrame = state.utterance?.startFrame ?? state.frames
      const step = track(state, probability, tracking)
      if (step.state.voiced) noteVoiced(state.frames)
      state = step.state
      const event = told(step.event, startFrame, partial)
      if (state.utterance === null && !state.voiced) runs = []
      forget()
      return event
    },
    end() {
      const last = trackEnd(state)
      const utterance = last?.type === 'ended' ? wholeUtterance(last) : null
      state = { ...trackerStart, frames: state.frames }
      runs = []
      forget()
      return utterance
    },
    drop() {
      // A click is no utterance that could go on.
      isDeaf = state.utterance?.confirmed === true
      if (!isDeaf) state = { ...trackerStart, frames: state.frames }
      runs = []
      forget()
    },
    speechMs() {
      const { utterance } = state
      return utterance?.confirmed && !isDeaf ? utterance.voicedFrames * frameMs : 0
    },
    soFar() {
      const since = (state.utterance?.startFrame ?? state.frames) - firstFrame
      return [joinSamples(frames.slice(0, since)), joinSamples(frames.slice(since))]
    },
    setEndpointing(next) {
      endpointing = next
      if (state.utterance?.paused) askAtMs = 0
    },
  }
}
