import type { DetectorReading } from '../../protocol/record.ts'
import type { EndpointingPreset } from '../../protocol/socketClient.ts'
import type { Endpointing, Pause } from '../endpointing.ts'
import { FRAME_MS } from '../voiceActivity.ts'
import { endsAfter, type Patience, presets } from './decision.ts'
import type { Detector } from './detector.ts'
import type { OwnPauses } from './ownPauses.ts'
import { textStateOf } from './words.ts'

/** The first frame of silence: what was said is decoded from there on. */
const PAUSE_MS = FRAME_MS
/** What the voice tells of its end it tells here, and later less. */
const HEARD_AT_MS = 64

export type LearnedOptions = {
  detector: Detector
  preset: EndpointingPreset
  /** Ends a turn of whose pause nothing is known: where neither the detector nor the language model gives an answer. */
  silenceMs: number
  /** Whether English may be spoken: of other words it is not known which must go on. */
  isEnglish: boolean
  /** Of the session: outlives a change of settings. */
  ownPauses: OwnPauses
  /** Of the session: with it end the questions to the detector. */
  signal: AbortSignal
}

/** The utterance is over by how its end sounds and what it says, and otherwise after a longer silence. */
export function learnedEnd(options: LearnedOptions): Endpointing {
  const { detector, ownPauses, isEnglish, signal } = options
  void detector.start()
  const inTheDark = { decidedBy: 'silence' as const, afterMs: options.silenceMs }
  let lastSilenceMs = Number.POSITIVE_INFINITY
  let hearing = nothing

  function patience(): Patience {
    const { sureMs, likelyMs, hardlyMs } = presets[options.preset]
    const raisedMs = Math.min(likelyMs, Math.max(sureMs, ownPauses.waitMs() ?? 0))
    return { sureMs: raisedMs, likelyMs, hardlyMs }
  }

  return {
    pauseMs: PAUSE_MS,
    decide(pause) {
      // Asked with less silence than before, it is another pause.
      const isAnother = pause.silenceMs <= lastSilenceMs
      lastSilenceMs = pause.silenceMs
      if (isAnother) {
        ownPauses.add(pauseBefore(pause))
        hearing.stop()
        hearing = listen(detector, signal)
      }
      hearing.hear(pause)
      const { reading } = hearing
      const { text, endsHere } = pause.said ?? { text: null, endsHere: null }
      const textState = isEnglish && text !== null ? textStateOf(text) : null
      const { decidedBy, afterMs } =
        endsAfter({ probability: reading.probability, textState, endsHere }, patience()) ?? inTheDark
      if (pause.silenceMs >= afterMs) return { over: { decidedBy, textState, endsHere } }
      return { askAgainInMs: FRAME_MS, ...(isAnother ? { detector: reading } : {}) }
    },
  }
}

/** What the detector makes of a pause. */
type Listening = {
  reading: DetectorReading
  /** Asks beside, once there is silence enough. */
  hear(pause: Pick<Pause, 'silenceMs' | 'samples'>): void
  stop(): void
}

const nothing: Listening = {
  reading: { silenceMs: 0, probability: null, inferenceMs: null },
  hear: () => {},
  stop: () => {},
}

function listen(detector: Detector, signal: AbortSignal): Listening {
  const over = new AbortController()
  const reading: DetectorReading = { silenceMs: 0, probability: null, inferenceMs: null }
  return {
    reading,
    hear({ silenceMs, samples }) {
      if (reading.silenceMs > 0 || silenceMs < HEARD_AT_MS) return
      reading.silenceMs = silenceMs
      detector.ask(samples(), AbortSignal.any([over.signal, signal])).then(
        heard => void Object.assign(reading, heard),
        // What failed is told by the detector; what was aborted nobody waits for.
        () => {},
      )
    },
    stop: () => over.abort(new Error('speech went on')),
  }
}

/** The pause between the last two stretches of speech, milliseconds; 0 where there is but one. */
function pauseBefore({ segments }: Pause): number {
  const [before, last] = segments.slice(-2)
  return before === undefined || last === undefined ? 0 : last.startMs - before.endMs
}
