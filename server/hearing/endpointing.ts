import type { Speech } from '../audio/utterance.ts'
import type { DetectorReading, EndRule, TextState } from '../protocol/record.ts'
import { FRAME_MS } from './voiceActivity.ts'

/** The words up to a pause. */
export type Said = {
  text: string
  /** Probability, by the language model, that they can end here, 0 to 1; null where it has not told. */
  endsHere: number | null
}

/** A pause that goes on, as the endpointing sees it. */
export type Pause = Speech & {
  /** Silence since the last voiced frame, milliseconds, resolution 32 ms. */
  silenceMs: number
  /** The utterance so far, mono, 16 kHz; made only when it is looked at. */
  samples(): Int16Array
  /** What was said up to this pause, where that is recognized already; else null. */
  said: Said | null
}

/** Why an utterance is over, and what its words and the language model said of that where they were asked. */
export type Ending = { decidedBy: EndRule; textState: TextState | null; endsHere: number | null }

/**
 * `askAgainInMs` is counted from the frame that was asked about. `detector`: of the pause that begins with that frame; it
 * gets the detector's answer once there is one.
 */
export type EndpointingVerdict =
  | { over: Ending }
  | 'not-yet'
  | { askAgainInMs: number; detector?: DetectorReading }

/** Decides at a pause whether the speaker is done. */
export type Endpointing = {
  /** Silence that counts as a pause, milliseconds. */
  pauseMs: number
  /**
   * Asked at the first frame of a pause that counts, and again as the verdict says; after `not-yet`
   * with the next pause only. What takes longer than a frame answers `askAgainInMs` and goes on beside.
   */
  decide(pause: Pause): EndpointingVerdict
}

/** Longer than the closure of most stop consonants: at each pause the utterance so far is decoded early. */
const PAUSE_MS = 128

/** The utterance is over after so much silence, whatever was said. */
export function fixedSilence(silenceMs: number): Endpointing {
  return {
    pauseMs: Math.min(PAUSE_MS, Math.max(FRAME_MS, silenceMs - 2 * FRAME_MS)),
    decide: pause =>
      pause.silenceMs >= silenceMs
        ? { over: { decidedBy: 'silence', textState: null, endsHere: null } }
        : { askAgainInMs: silenceMs - pause.silenceMs },
  }
}
