import type { QuantvoxError } from '../../../server/errors.ts'
import type { Hint, TurnMessage } from '../../../server/protocol/messages.ts'
import type { TurnRecord } from '../../../server/protocol/record.ts'
import { printable } from '../printable.ts'
import { toldError } from '../serverRequest.ts'
import { timingTable } from '../timingTable.ts'

type AnswerText = {
  hear(message: TurnMessage): void
  /** @throws what the turn failed by */
  finish(): TurnRecord | null
  /** Ends the line that was begun, for what is said after it. */
  breakOff(): void
}

/**
 * One answer in words: what was asked, the reply, the timings. `live` has the reply's words as they come, which is for who
 * watches; else each line is written once it is whole, since a model may take back what came of a thought.
 * @param typed what was asked, where it was not spoken: of that nothing is heard
 */
export function createAnswerText(
  write: (text: string) => void,
  { live, typed }: { live: boolean; typed: string | undefined },
): AnswerText {
  let asked = typed
  let hints: Hint[] = []
  /** What stands of the reply in its line; null before there is one. */
  let shown: string | null = null
  let isLineOpen = false
  let error: QuantvoxError | null = null
  let record: TurnRecord | null = null

  const put = (text: string) => write(printable(text))

  function tellHints(): void {
    breakOff()
    for (const { message, mend } of hints) put(`${message} ${mend}\n`)
    hints = []
  }

  function breakOff(): void {
    if (isLineOpen) write('\n')
    isLineOpen = false
  }

  function tellQuestion(): void {
    if (asked === undefined) return
    tellHints()
    put(`you:    ${asked}\n`)
    asked = undefined
  }

  function replied(text: string): void {
    tellQuestion()
    if (shown === null) put('reply:  ')
    put(text)
    shown = (shown ?? '') + text
    isLineOpen = true
  }

  function replyDone(text: string): void {
    if (shown !== null && shown !== text) {
      breakOff()
      shown = null
    }
    if (shown === null) replied(text)
    breakOff()
  }

  return {
    hear(message) {
      if (message.type === 'transcript.final') {
        asked = message.text
        tellQuestion()
      } else if (message.type === 'hint') hints.push(message)
      else if (message.type === 'reply.delta' && live) replied(message.text)
      else if (message.type === 'reply.done') replyDone(message.text)
      else if (message.type === 'error') error = toldError(message)
      else if (message.type === 'turn.done') record = message.timings
    },
    finish() {
      // A reply without a word is an answer all the same.
      if (error !== null && error.code !== 'empty_reply') throw error
      if (record === null) return null
      tellQuestion()
      if (record.outcome === 'no-speech' && hints.length === 0) put('(no speech was heard)\n')
      tellHints()
      put(`\n${timingTable(record)}\n`)
      return record
    },
    breakOff,
  }
}
