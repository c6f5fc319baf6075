import type { Speech } from '../audio/utterance.ts'

/** A pause that goes on, as the endpointing sees it. */
export type Pause = Speech & {
  /** Silence since the last voiced frame, milliseconds, resolution 32 ms. */
  silenceMs: number
  /** The utterance so far, mono, 16 kHz; made only when it is looked at. */
  samples(): Int16Array
  /** The newest partial transcript; null where there is none. */
  partial: string | null
}

/** `askAgainInMs` is counted from the frame that was asked about. */
export type EndpointingVerdict = 'over' | 'not-yet' | { askAgainInMs: number }

/** Decides at a pause whether the speaker is done. */
export type Endpointing = {
  /**
   * Asked at the first frame of a pause that is long enough to count, and again as the verdict says; after `not-yet`
   * with the next pause only. What takes longer than a frame answers `askAgainInMs` and goes on beside.
   */
  decide(pause: Pause): EndpointingVerdict
}

/** The utterance is over after so much silence, whatever was said. */
export function fixedSilence(silenceMs: number): Endpointing {
  return {
    decide: pause => (pause.silenceMs >= silenceMs ? 'over' : { askAgainInMs: silenceMs - pause.silenceMs }),
  }
}
