import { isDeepStrictEqual } from 'node:util'
import type { HeardText } from '../../recognition/recognizer.ts'
import type { Sink } from '../events.ts'
import type { Heard } from '../floor/state.ts'
import type { Reply } from '../reply/reply.ts'
import { judgeWords, type Words } from './judgeWords.ts'
import { createNearness } from './nearness.ts'
import { createUtteranceSound, type UtteranceSound } from './utteranceSound.ts'

/** An echo may be of what was spoken so long before the utterance began, and, as positions are not exact, after it. */
const SPOKEN_BEFORE_MS = 3000
const SPOKEN_AFTER_MS = 500
/** So late after a reply was over its echo may still begin. */
const ECHO_WITHIN_MS = 1000

const HEARS_ITSELF = 'The microphone hears the answers.'
const USE_HEADPHONES =
  'Use headphones, turn the sound down, or a client that cancels echoes; then a pause or a cough over an answer is told from the answer itself.'

const NOTHING: HeardText = { text: '', firstText: null, isUnclear: false }

type Speaking = Pick<Reply, 'heardAt' | 'soundAt'>
type Spoken = {
  replyId: string
  reply: Speaking
  /** Letters that were spoken too long before. */
  fromLetter: number
}

type Utterance = {
  /** The reply that it is said over or just after. */
  spoken: Spoken | null
  isOver: boolean
  sound: UtteranceSound
  voicedMs: number
  /** A word that stops the reply was understood of it. */
  isStop: boolean
  /** What was judged last, and as what. */
  judged: { said: HeardText | null; ownShare: number | null; isFar: boolean; words: Words | null } | null
}

/** What is said over replies in one session: its words and its sound judged as they become known. */
export type Overheard = {
  /** A reply begins to be heard. */
  speaks(replyId: string, reply: Speaking): void
  /** A turn begins to be said, over the reply or not. */
  begin(turnId: string, isOver: boolean): void
  /** The next samples of it, mono, 16 kHz. */
  hear(turnId: string, samples: Int16Array): void
  /** What is known of it after another frame; null for a turn that was not begun over a reply. */
  follow(
    turnId: string,
    said: HeardText | null,
    voicedMs: number,
  ): (Heard & { isVoiced: boolean; hearsItself: boolean }) | null
  /** The whole of it; null as above, but that an echo is one even where it begins as the reply has just ended. */
  judge(turnId: string, said: HeardText | null, voicedMs: number): Heard | null
  /** The turn is done. */
  forget(turnId: string): void
  /** Whether the microphone was found to hear the replies. */
  hearsItself(): boolean
}

export function createOverheard(sink: Sink): Overheard {
  const utterances = new Map<string, Utterance>()
  const nearness = createNearness()
  let hearsItself = false
  /** The reply that was heard last; `untilMs`: how long its echo may still come, once it is over. */
  let latest: { replyId: string; reply: Speaking; untilMs: number } | null = null

  function wordsOf(utterance: Utterance, said: HeardText | null): Words | null {
    const { spoken: over, sound, judged } = utterance
    if (over === null) return null
    const known = { said, ownShare: sound.ownShare(), isFar: nearness.isFar(sound.loudestDb()) }
    if (judged !== null && isDeepStrictEqual({ ...known, words: judged.words }, judged)) return judged.words
    const spoken = over.reply.heardAt(SPOKEN_AFTER_MS).slice(over.fromLetter)
    const words = judgeWords({ ...known, spoken, hearsItself })
    utterance.judged = { ...known, words }
    if (words === 'echo') tellEcho(over)
    return words
  }

  function tellEcho({ replyId }: Spoken): void {
    hearsItself = true
    sink.tell({
      ...{ type: 'hint', turnId: replyId, hint: 'hears-itself' },
      ...{ message: HEARS_ITSELF, mend: USE_HEADPHONES },
    })
  }

  function spokenNow(): Spoken | null {
    if (latest === null || latest.untilMs < performance.now()) return null
    const { replyId, reply } = latest
    return { replyId, reply, fromLetter: reply.heardAt(-SPOKEN_BEFORE_MS).length }
  }

  return {
    speaks(replyId, reply) {
      latest = { replyId, reply, untilMs: Number.POSITIVE_INFINITY }
    },
    begin(turnId, isOver) {
      const spoken = spokenNow()
      const sound = createUtteranceSound(spoken?.reply.soundAt ?? null)
      utterances.set(turnId, { spoken, isOver, sound, voicedMs: 0, isStop: false, judged: null })
    },
    hear: (turnId, samples) => utterances.get(turnId)?.sound.push(samples),
    follow(turnId, said, voicedMs) {
      const known = utterances.get(turnId)
      if (!known?.isOver) return null
      const isVoiced = voicedMs > known.voicedMs
      known.voicedMs = voicedMs
      const words = wordsOf(known, said)
      known.isStop ||= words === 'stop' || words === 'command'
      return { voicedMs, words, isVoiced, hearsItself }
    },
    judge(turnId, said, voicedMs) {
      const known = utterances.get(turnId)
      if (known === undefined) return null
      const judged = wordsOf(known, said ?? NOTHING)
      // Over an echo each look understands something else, before the stop word and behind it: what stopped the reply is no question.
      const isQuestion = judged === 'word' || judged === 'words' || judged === 'stop'
      const words = hearsItself && known.isStop && isQuestion ? 'command' : judged
      if (known.isOver || words === 'echo') return words === null ? null : { voicedMs, words }
      if (said !== null) nearness.answered(known.sound.loudestDb())
      return null
    },
    forget(turnId) {
      utterances.delete(turnId)
      if (latest?.replyId === turnId) latest.untilMs = performance.now() + ECHO_WITHIN_MS
    },
    hearsItself: () => hearsItself,
  }
}
