import type { Log } from '../log.ts'
import type { Source } from '../protocol/record.ts'
import type { TurnChoices } from '../protocol/turns.ts'
import type { ReplyAudio } from '../record/replyAudio.ts'
import type { Sink } from './events.ts'
import { chosenQuestion, type WholeInput } from './questions/wholeQuestion.ts'
import { createRunner } from './runner.ts'
import type { Stages } from './stages.ts'

export type OneQuestion = {
  input: WholeInput
  choices: TurnChoices
  source: Source
  /** When the body's last byte, or the message, arrived: `performance.now()` milliseconds. */
  arrivedAtMs: number
}

/**
 * One whole turn without a session: a question in, its events out, its row written whatever happens. Settles when the turn is
 * over; `signal` aborts when the listener leaves. Never rejects: `turn.done` says what went wrong.
 */
export async function askOnce(
  { input, choices, source, arrivedAtMs }: OneQuestion,
  dependencies: { stages: Stages; replies: ReplyAudio; sink: Sink; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { stages } = dependencies
  const conversation = stages.conversations.open(choices.conversationId)
  const runner = createRunner({
    ...{ ...dependencies, observers: stages.observers, sessionId: null, source },
    ...{ plays: false, leavesReplies: false, speculates: false },
    settings: { mode: 'push-to-talk', bargeInMs: 0, answering: 'at-once' },
    conversationId: () => conversation.id,
    spoken: () => {
      throw new Error('Nobody speaks to a question that came whole.')
    },
  })
  runner.ask(chosenQuestion(input, choices, conversation, arrivedAtMs), arrivedAtMs)
  const leave = () => void runner.leave()
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  await runner.finish()
  signal.removeEventListener('abort', leave)
}
