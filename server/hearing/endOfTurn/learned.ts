import type { EndpointingPreset } from '../../protocol/socketClient.ts'
import { type Endpointing, fixedSilence, type Pause } from '../endpointing.ts'
import { FRAME_MS } from '../voiceActivity.ts'
import { endsAfterMs, type Patience, presets } from './decision.ts'
import type { Detector } from './detector.ts'
import type { OwnPauses } from './ownPauses.ts'
import { wordEndOf } from './words.ts'

/** The first pause: what the voice tells of its end it tells there, and later less. */
const PAUSE_MS = 64

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
  const inTheDark = fixedSilence(options.silenceMs)
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
      if (pause.silenceMs <= lastSilenceMs) {
        ownPauses.add(pauseBefore(pause))
        hearing.stop()
        hearing = listen(detector, pause.samples(), signal)
      }
      lastSilenceMs = pause.silenceMs
      const probability = hearing.probability()
      const { text, endsHere } = pause.said ?? { text: null, endsHere: null }
      const words = isEnglish && text !== null ? wordEndOf(text) : null
      const endsMs = endsAfterMs({ probability, words, endsHere }, patience())
      const isOver = endsMs === null ? inTheDark.decide(pause) === 'over' : pause.silenceMs >= endsMs
      return isOver ? 'over' : { askAgainInMs: FRAME_MS }
    },
  }
}

/** What the detector hears; null until it has answered, and where it will not. */
type Listening = { probability(): number | null; stop(): void }

const nothing: Listening = { probability: () => null, stop: () => {} }

/** Asks beside. */
function listen(detector: Detector, samples: Int16Array, signal: AbortSignal): Listening {
  const over = new AbortController()
  let probability: number | null = null
  detector.ask(samples, AbortSignal.any([over.signal, signal])).then(
    heard => {
      probability = heard
    },
    // What failed is told by the detector; what was aborted nobody waits for.
    () => {},
  )
  return { probability: () => probability, stop: () => over.abort(new Error('speech went on')) }
}

/** The pause between the last two stretches of speech, milliseconds; 0 where there is but one. */
function pauseBefore({ segments }: Pause): number {
  const [before, last] = segments.slice(-2)
  return before === undefined || last === undefined ? 0 : last.startMs - before.endMs
}
