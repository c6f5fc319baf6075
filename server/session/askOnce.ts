import type { Log } from '../log.ts'
import type { Source } from '../protocol/record.ts'
import type { TurnChoices } from '../protocol/turns.ts'
import type { ReplyAudio } from '../record/replyAudio.ts'
import type { Sink } from './events.ts'
import type { AskedFor } from './questions/question.ts'
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

type OnceDependencies = { stages: Stages; replies: ReplyAudio; sink: Sink; log: Log }

/**
 * One whole turn without a session: a question in, its events out, its row written whatever happens. Settles when the turn is
 * over; `signal` aborts when the listener leaves. Never rejects: `turn.done` says what went wrong.
 */
export async function askOnce(
  { input, choices, source, arrivedAtMs }: OneQuestion,
  dependencies: OnceDependencies,
  signal: AbortSignal,
): Promise<void> {
  const { conversations } = dependencies.stages
  await conversations.recall(choices.conversationId)
  const conversation = conversations.open(choices.conversationId)
  const question = chosenQuestion(input, choices, conversation, arrivedAtMs)
  await runOnce({ question, conversationId: conversation.id, source, arrivedAtMs }, dependencies, signal)
}

/** The same of any question. @param asked.turnId where it is named already; UUIDv7 */
export async function runOnce(
  asked: { question: AskedFor; conversationId: string; source: Source; arrivedAtMs: number; turnId?: string },
  dependencies: OnceDependencies,
  signal: AbortSignal,
): Promise<void> {
  const runner = createRunner({
    ...{ ...dependencies, observers: dependencies.stages.observers, sessionId: null, source: asked.source },
    ...{ plays: false, leavesReplies: false, speculates: false, toolSession: null },
    settings: { mode: 'push-to-talk', bargeInMs: 0, answering: 'at-once' },
    conversationId: () => asked.conversationId,
    spoken: () => {
      throw new Error('Nobody speaks to a question that came whole.')
    },
  })
  runner.ask(asked.question, asked.arrivedAtMs, asked.turnId)
  const leave = () => void runner.leave()
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  await runner.finish()
  signal.removeEventListener('abort', leave)
}
