import { v7 as uuidv7 } from 'uuid'
import type { AskedFor } from '../questions/question.ts'

/** So often one is begun that is interrupted before anything of it is heard. */
const MOST_TRIES = 3

/** What a session has to say by itself, until it is said. */
export type Announcements = {
  add(question: AskedFor): void
  /** The turn that was offered may begin after all, under another id. */
  free(): void
  /** What a turn says that begins under an id that was offered; undefined for another one. */
  begin(turnId: string): AskedFor | undefined
  end(turnId: string, isUnheard: boolean): void
}

/** @param offer a turn may begin under this id that says the oldest of them; the next is offered once it began, or is `free` to */
export function createAnnouncements(offer: (turnId: string) => void): Announcements {
  const waiting: { question: AskedFor; tries: number }[] = []
  const begun = new Map<string, (typeof waiting)[number]>()
  let offered: string | null = null

  function offerNext(): void {
    if (offered !== null || waiting.length === 0) return
    offered = uuidv7()
    offer(offered)
  }

  return {
    add(question) {
      waiting.push({ question, tries: 0 })
      offerNext()
    },
    free() {
      offered = null
      offerNext()
    },
    begin(turnId) {
      const next = turnId === offered ? waiting.shift() : undefined
      if (next === undefined) return undefined
      offered = null
      begun.set(turnId, next)
      return next.question
    },
    end(turnId, isUnheard) {
      const over = begun.get(turnId)
      if (over === undefined) return
      begun.delete(turnId)
      if (isUnheard && ++over.tries < MOST_TRIES) waiting.unshift(over)
      offerNext()
    },
  }
}
