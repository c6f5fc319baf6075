import type { Sink } from '../events.ts'
import type { Heard } from '../floor/state.ts'
import type { Reply } from '../reply/reply.ts'
import { judgeWords, type Words } from './judgeWords.ts'

/** An echo may be of what was spoken so long before the utterance began, and, as positions are not exact, after it. */
const SPOKEN_BEFORE_MS = 3000
const SPOKEN_AFTER_MS = 500

const HEARS_ITSELF = 'The microphone hears the answers.'
const USE_HEADPHONES =
  'Use headphones, turn the sound down, or a client that cancels echoes; then a pause or a cough over an answer is told from the answer itself.'

type Utterance = {
  replyId: string
  reply: Pick<Reply, 'heardAt'>
  /** Letters of the reply that were spoken too long before. */
  spokenFrom: number
  voicedMs: number
  text: string | null
  words: Words | null
}

/** What is said over replies in one session: its words judged as they become known. */
export type Overheard = {
  /** A turn is begun over a reply. */
  begin(turnId: string, replyId: string, reply: Pick<Reply, 'heardAt'>): void
  /** What is known of it after another frame; null for a turn that was not begun over a reply. */
  follow(
    turnId: string,
    text: string | null,
    voicedMs: number,
  ): (Heard & { isVoiced: boolean; hearsItself: boolean }) | null
  /** The whole of it; null as above. */
  judge(turnId: string, text: string | null, voicedMs: number): Heard | null
  forget(turnId: string): void
  /** Whether the microphone was found to hear the replies. */
  hearsItself(): boolean
}

export function createOverheard(sink: Sink): Overheard {
  const utterances = new Map<string, Utterance>()
  let hearsItself = false

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
    begin(turnId, replyId, reply) {
      const spokenFrom = reply.heardAt(-SPOKEN_BEFORE_MS).length
      utterances.set(turnId, { replyId, reply, spokenFrom, voicedMs: 0, text: null, words: null })
    },
    follow(turnId, text, voicedMs) {
      const known = utterances.get(turnId)
      if (known === undefined) return null
      const isVoiced = voicedMs > known.voicedMs
      if (text !== known.text) known.words = text === null ? null : wordsOf(known, text)
      Object.assign(known, { text, voicedMs })
      return { voicedMs, words: known.words, isVoiced, hearsItself }
    },
    judge(turnId, text, voicedMs) {
      const known = utterances.get(turnId)
      return known === undefined ? null : { voicedMs, words: wordsOf(known, text ?? '') }
    },
    forget: turnId => void utterances.delete(turnId),
    hearsItself: () => hearsItself,
  }
}
