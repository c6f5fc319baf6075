import type { SpokenAudio } from '../../audio/pcm.ts'
import { type Held, hold } from '../../held.ts'
import type { LeasedPart } from '../../llm/lease.ts'
import { createClauseSplitter } from '../../voice/clauses.ts'
import type { Question } from '../questions/question.ts'

/** Longer parts than a model streams are cut into clauses only once they are to be spoken. */
const LONGEST_PART = 100

/** The first clause of a reply that nobody may hear yet, spoken already. */
export type FirstClause = {
  hear(part: LeasedPart): void
  /** Its audio, once; null for another text, and where speaking it failed. */
  audioOf(text: string): AsyncIterable<SpokenAudio> | null
}

export function speakFirstClause({ voice, language }: Question, signal: AbortSignal): FirstClause {
  const splitting = () => (voice.speak === null ? null : createClauseSplitter(language ?? undefined))
  let splitter = splitting()
  let spoken: { text: string; audio: Held<SpokenAudio> } | null = null

  return {
    hear(part) {
      if (part.type === 'restart') {
        splitter = splitting()
        spoken = null
      }
      if (splitter === null || voice.speak === null) return
      if (part.type !== 'text' && part.type !== 'done') return
      const isTooLong = part.type === 'text' && part.text.length > LONGEST_PART
      const [first] = isTooLong ? [] : part.type === 'text' ? splitter.push(part.text) : splitter.flush()
      if (first !== undefined) spoken = { text: first.text, audio: hold(voice.speak(first.text, signal)) }
      if (first !== undefined || isTooLong) splitter = null
    },
    audioOf(text) {
      if (spoken?.text !== text || spoken.audio.hasFailed()) return null
      const { audio } = spoken
      spoken = null
      return audio.read()
    },
  }
}
