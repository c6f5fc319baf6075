import type { Sink } from '../events.ts'
import type { Heard } from '../floor/state.ts'
import type { Reply } from '../reply/reply.ts'
import { judgeWords, type Words } from './judgeWords.ts'

/** An echo may be of what was spoken so long before the utterance began, and, as positions are not exact, after it. */
const SPOKEN_BEFORE_MS = 3000
const SPOKEN_AFTER_MS = 500
/** So late after a reply was over its echo may still begin. */
const ECHO_WITHIN_MS = 1000

const HEARS_ITSELF = 'The microphone hears the answers.'
const USE_HEADPHONES =
  'Use headphones, turn the sound down, or a client that cancels echoes; then a pause or a cough over an answer is told from the answer itself.'

type Spoken = { replyId: string; reply: Pick<Reply, 'heardAt'> }

type Utterance = Spoken & {
  isOver: boolean
  /** Letters of the reply that were spoken too long before. */
  spokenFrom: number
  voicedMs: number
  text: string | null
  words: Words | null
}

/** What is said over replies in one session: its words judged as they become known. */
export type Overheard = {
  /** A reply begins to be heard. */
  speaks(replyId: string, reply: Pick<Reply, 'heardAt'>): void
  /** A turn begins to be said, over the reply or not. */
  begin(turnId: string, isOver: boolean): void
  /** What is known of it after another frame; null for a turn that was not begun over a reply. */
  follow(
    turnId: string,
    text: string | null,
    voicedMs: number,
  ): (Heard & { isVoiced: boolean; hearsItself: boolean }) | null
  /** The whole of it; null as above, but that an echo is one even where it begins as the reply has just ended. */
  judge(turnId: string, text: string | null, voicedMs: number): Heard | null
  /** The turn is done. */
  forget(turnId: string): void
  /** Whether the microphone was found to hear the replies. */
  hearsItself(): boolean
}

export function createOverheard(sink: Sink): Overheard {
  const utterances = new Map<string, Utterance>()
  let hearsItself = false
  /** The reply that was heard last; `untilMs`: how long its echo may still come, once it is over. */
  let latest: (Spoken & { untilMs: number }) | null = null

  function wordsOf({ reply, replyId, spokenFrom }: Utterance, text: string): Words {
    const spoken = reply.heardAt(SPOKEN_AFTER_MS).slice(spokenFrom)
    const words = judgeWords({ text, spoken, hearsItself })
    if (words === 'echo') {
      hearsItself = true
      sink.tell({
        ...{ type: 'hint', turnId: replyId, hint: 'hears-itself' },
        ...{ message: HEARS_ITSELF, mend: USE_HEADPHONES },
      })
    }
    return words
  }

  return {
    speaks(replyId, reply) {
      latest = { replyId, reply, untilMs: Number.POSITIVE_INFINITY }
    },
    begin(turnId, isOver) {
      if (latest === null || latest.untilMs < performance.now()) return
      const spokenFrom = latest.reply.heardAt(-SPOKEN_BEFORE_MS).length
      utterances.set(turnId, { ...latest, isOver, spokenFrom, voicedMs: 0, text: null, words: null })
    },
    follow(turnId, text, voicedMs) {
      const known = utterances.get(turnId)
      if (!known?.isOver) return null
      const isVoiced = voicedMs > known.voicedMs
      if (text !== known.text) known.words = text === null ? null : wordsOf(known, text)
      Object.assign(known, { text, voicedMs })
      return { voicedMs, words: known.words, isVoiced, hearsItself }
    },
    judge(turnId, text, voicedMs) {
      const known = utterances.get(turnId)
      if (known === undefined) return null
      const words = wordsOf(known, text ?? '')
      return known.isOver || words === 'echo' ? { voicedMs, words } : null
    },
    forget(turnId) {
      utterances.delete(turnId)
      if (latest?.replyId === turnId) latest.untilMs = performance.now() + ECHO_WITHIN_MS
    },
    hearsItself: () => hearsItself,
  }
}
