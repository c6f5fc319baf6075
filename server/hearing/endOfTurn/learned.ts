import { samplesIn } from '../../audio/pcm.ts'
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
/** What the detector hears ends so far into a pause, whenever it is asked: by what it makes of that the bounds were chosen. */
const HEARD_MS = 64
/**
 * So long before its answer may end the turn the detector is asked: that takes 50 to 90 ms where nothing else runs. Speech mostly
 * goes on sooner after pauses between words, and nobody is asked about them.
 */
const ASKED_BEFORE_MS = 160

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
        hearing = listening(detector, signal)
      }
      const waits = patience()
      const askAtMs = Math.min(waits.sureMs, options.silenceMs) - ASKED_BEFORE_MS
      if (pause.silenceMs >= Math.max(HEARD_MS, askAtMs)) hearing.ask(pause)
      const { reading } = hearing
      const { text, endsHere } = pause.said ?? { text: null, endsHere: null }
      const textState = isEnglish && text !== null ? textStateOf(text) : null
      const { decidedBy, afterMs } =
        endsAfter({ probability: reading.probability, textState, endsHere }, waits) ?? inTheDark
      if (pause.silenceMs >= afterMs) return { over: { decidedBy, textState, endsHere } }
      return { askAgainInMs: FRAME_MS, ...(isAnother ? { detector: reading } : {}) }
    },
  }
}

/** What the detector makes of a pause. */
type Listening = {
  reading: DetectorReading
  /** Asks it beside; once. */
  ask(pause: Pick<Pause, 'silenceMs' | 'samples'>): void
  stop(): void
}

const nothing: Listening = {
  reading: { silenceMs: 0, probability: null, inferenceMs: null },
  ask: () => {},
  stop: () => {},
}

function listening(detector: Detector, signal: AbortSignal): Listening {
  const over = new AbortController()
  const reading: DetectorReading = { silenceMs: HEARD_MS, probability: null, inferenceMs: null }
  let isAsked = false
  return {
    reading,
    ask({ silenceMs, samples }) {
      if (isAsked) return
      isAsked = true
      const all = samples()
      const heard = all.subarray(0, Math.max(0, all.length - samplesIn(silenceMs - HEARD_MS)))
      detector.ask(heard, AbortSignal.any([over.signal, signal])).then(
        answer => void Object.assign(reading, answer),
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
