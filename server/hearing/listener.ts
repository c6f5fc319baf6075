import { joinSamples } from '../audio/pcm.ts'
import type { Speech, Utterance } from '../audio/utterance.ts'
import type { DetectorReading } from '../protocol/record.ts'
import type { Ending, Endpointing, EndpointingVerdict, Said } from './endpointing.ts'
import { createFrameMemory, type FrameMemory } from './frameMemory.ts'
import {
  type TrackerEvent,
  type TrackerOptions,
  type TrackerState,
  track,
  trackEnd,
  trackerStart,
} from './speechTracker.ts'
import { FRAME_MS, type VoiceActivityStream } from './voiceActivity.ts'

export type ListenerOptions = Omit<TrackerOptions, 'silenceMs'> & {
  /** Kept from before the first voiced frame, so that the first sound is never cut; Infinity keeps everything. */
  preRollMs: number
  /** Says what a pause is, in place of `pauseMs`, and is asked at each whether the utterance is over; null: only `end` ends it. */
  endpointing: Endpointing | null
}

/** `positionMs` is where it was decided, but for `started` the first voiced frame; resolution 32 ms. */
export type ListenerEvent =
  | { type: 'started'; positionMs: number }
  /**
   * A short silence: the utterance so far may be all. `speech` is placed from the first sample of the utterance; `detector` gets
   * what a detector makes of it, null where the endpointing asks none.
   */
  | { type: 'paused'; speech: Speech; detector: DetectorReading | null }
  /** Speech goes on. */
  | { type: 'resumed' }
  | { type: 'ended'; utterance: Utterance; ending: Ending }

export type Listener = {
  /**
   * Hears the next frame (512 samples); the frames decide alone, nothing depends on when they come.
   * @param said up to the pause that goes on, for the endpointing
   */
  push(frame: Int16Array, said?: Said | null): Promise<ListenerEvent | null>
  /** Ends the utterance now, the rest of a dropped one too; null where nothing counts as speech. */
  end(): Utterance | null
  /** Forgets the utterance, the rest of it too, and goes on listening after it. */
  drop(): void
  /** Voiced time of the utterance that counts as speech by now; 0 without one. */
  speechMs(): number
  /** Voiced time of what is too short to count as speech yet; 0 without it, and once it does. */
  soundMs(): number
  /** The samples of that utterance so far: those from before its first voiced frame, and the rest. */
  soFar(): [before: Int16Array, since: Int16Array]
  /** Takes effect with the next frame. */
  setEndpointing(endpointing: Endpointing): void
}

/** Silence after which what is said is no more of a dropped utterance: longer than most pauses inside one. */
const DROPPED_UNTIL_MS = 500

/** No silence ends an utterance here but by the endpointing. */
const TOO_LONG: Ending = { decidedBy: 'too-long', textState: null, endsHere: null }

/** Finds utterances in live audio, frame by frame, with the sound before them and at each pause. */
export function createListener(stream: VoiceActivityStream, options: ListenerOptions): Listener {
  let tracking = trackingFor(options, options.endpointing)
  const memory = createFrameMemory(options.preRollMs)
  const ends = createEnds(options.endpointing, memory)
  let state = trackerStart
  /** The rest of a dropped utterance is not heard. */
  let isDeaf = false

  const startOver = () => {
    state = { ...trackerStart, frames: state.frames }
  }

  function endNow(): Utterance | null {
    const last = trackEnd(state)
    startOver()
    return last?.type === 'ended' ? memory.utterance(last) : null
  }

  /** What the tracker says, and at a pause whether the endpointing says that the utterance ends with this frame. */
  function told(event: TrackerEvent | null, startFrame: number, said: Said | null): ListenerEvent | null {
    if (event?.type === 'started') return event
    if (event?.type === 'resumed') return { type: 'resumed' }
    if (event?.type === 'ended')
      return { type: 'ended', utterance: memory.utterance(event), ending: TOO_LONG }
    if (event?.type === 'paused') ends.askAtOnce()
    const verdict = ends.ask(state, said)
    if (typeof verdict === 'object' && 'over' in verdict) {
      const whole = endNow()
      return whole && { type: 'ended', utterance: whole, ending: verdict.over }
    }
    if (event === null) return null
    const detector = (typeof verdict === 'object' && verdict.detector) || null
    return { type: 'paused', speech: memory.speech(startFrame, event.speechMs), detector }
  }

  function hear(probability: number, said: Said | null): ListenerEvent | null {
    const startFrame = state.utterance?.startFrame ?? state.frames
    const step = track(state, probability, tracking)
    const last = step.event?.type === 'ended' ? step.event.lastVoicedMs : null
    // The frame with which an utterance gets too long is of it, though nothing goes on after it.
    if (step.state.voiced || last === step.state.frames * FRAME_MS)
      memory.noteVoiced(state.frames, tracking.pauseMs)
    state = step.state
    const event = told(step.event, startFrame, said)
    if (state.utterance === null && !state.voiced) memory.forgetVoiced()
    return event
  }

  return {
    async push(frame, said = null) {
      memory.push(frame)
      const probability = await stream.push(frame)
      const event = isDeaf ? null : hear(probability, said)
      if (isDeaf) ({ state, isDeaf } = skipped(state, probability, tracking))
      memory.forgetBefore(state.utterance?.startFrame ?? state.frames)
      return event
    },
    end() {
      const utterance = isDeaf ? null : endNow()
      startOver()
      isDeaf = false
      memory.forgetVoiced()
      memory.forgetBefore(state.frames)
      return utterance
    },
    drop() {
      // A click is no utterance that could go on.
      isDeaf = state.utterance?.confirmed === true
      if (!isDeaf) startOver()
      memory.forgetVoiced()
    },
    speechMs() {
      const { utterance } = state
      return utterance?.confirmed && !isDeaf ? utterance.voicedFrames * FRAME_MS : 0
    },
    soundMs() {
      const { utterance } = state
      return utterance === null || utterance.confirmed || isDeaf ? 0 : utterance.voicedFrames * FRAME_MS
    },
    soFar: () => memory.splitAt(state.utterance?.startFrame ?? state.frames),
    setEndpointing(next) {
      tracking = trackingFor(options, next)
      ends.setEndpointing(next)
    },
  }
}

const trackingFor = (options: ListenerOptions, endpointing: Endpointing | null): TrackerOptions => ({
  ...options,
  pauseMs: endpointing?.pauseMs ?? options.pauseMs,
  silenceMs: Number.POSITIVE_INFINITY,
})

/** A frame of a dropped utterance, or of the silence that ends it. */
function skipped(before: TrackerState, probability: number, tracking: TrackerOptions) {
  const { state } = track(before, probability, tracking)
  const silentMs = (state.frames - (state.utterance?.endFrame ?? 0)) * FRAME_MS
  const isDeaf = state.utterance !== null && silentMs < DROPPED_UNTIL_MS
  return { isDeaf, state: isDeaf ? state : { ...trackerStart, frames: state.frames } }
}

/** Asks the endpointing in force when it wants to be asked. */
function createEnds(first: Endpointing | null, memory: FrameMemory) {
  let endpointing = first
  /** Silence of the pause at which it is asked next; null until there is another pause. */
  let askAtMs: number | null = null
  const askAtOnce = () => {
    askAtMs = 0
  }
  return {
    askAtOnce,
    setEndpointing(next: Endpointing): void {
      endpointing = next
      askAtOnce()
    },
    /** Whether the utterance ends with this frame; `not-yet` too where it did not want to be asked. */
    ask({ utterance, frames }: TrackerState, said: Said | null): EndpointingVerdict {
      if (endpointing === null || askAtMs === null || !utterance?.paused) return 'not-yet'
      const silenceMs = (frames - utterance.endFrame) * FRAME_MS
      if (silenceMs < askAtMs) return 'not-yet'
      const speech = memory.speech(utterance.startFrame, utterance.voicedFrames * FRAME_MS)
      const samples = () => joinSamples(memory.frames())
      const verdict = endpointing.decide({ ...speech, silenceMs, samples, said })
      if (verdict === 'not-yet') askAtMs = null
      else if ('askAgainInMs' in verdict) askAtMs = silenceMs + verdict.askAgainInMs
      return verdict
    },
  }
}
