import { v7 as uuidv7 } from 'uuid'
import type { Log } from '../log.ts'
import type { CompareWith } from '../protocol/turns.ts'
import type { ReplyAudio } from '../record/replyAudio.ts'
import { type OneQuestion, runOnce } from './askOnce.ts'
import type { Sink } from './events.ts'
import { chosenQuestion } from './questions/wholeQuestion.ts'
import type { Stages } from './stages.ts'

/** A question to two combinations. Its turns: as it was chosen, then with what is compared with that. */
export type PairedQuestion = {
  question: OneQuestion
  compareWith: CompareWith
  pairId: string
  turnIds: readonly [string, string]
  /** Which of them is asked first. */
  first: 0 | 1
}

/** @param first which of the two turns is asked first: whoever asks pair after pair alternates it, as what comes second may find caches filled */
export function pairedQuestion(
  question: OneQuestion,
  compareWith: CompareWith,
  first: 0 | 1,
): PairedQuestion {
  const [pairId, earlier, later] = [uuidv7(), uuidv7(), uuidv7()]
  return { question, compareWith, pairId, turnIds: first === 0 ? [earlier, later] : [later, earlier], first }
}

/**
 * Asks one after the other, so that neither waits for the other at an engine: two whole turns, of which each is timed from its own
 * beginning. Both know the conversation as it was; it goes on with the first combination's answer. Settles when both are over, or
 * the listener left, who leaves the second unasked. Never rejects.
 *
 * @param sinks of the two turns
 */
export async function askPair(
  { question, compareWith, pairId, turnIds, first }: PairedQuestion,
  { sinks, ...dependencies }: { stages: Stages; replies: ReplyAudio; sinks: readonly [Sink, Sink]; log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { input, choices, source } = question
  const { conversations } = dependencies.stages
  await conversations.recall(choices.conversationId)
  const conversation = conversations.open(choices.conversationId)
  let remember = () => {}
  const turns = [
    {
      ...{ turnId: turnIds[0], sink: sinks[0], choices },
      conversation: {
        ...conversation,
        append: (userText: string, heardText: string, turnId: string) => {
          remember = () => conversation.append(userText, heardText, turnId)
        },
      },
    },
    {
      ...{ turnId: turnIds[1], sink: sinks[1], choices: { ...choices, ...compareWith } },
      conversation: { ...conversation, prompt: conversation.foresee, append: () => {} },
    },
  ]
  for (const [i, turn] of (first === 0 ? turns : turns.toReversed()).entries()) {
    if (signal.aborted) break
    const arrivedAtMs = i === 0 ? question.arrivedAtMs : performance.now()
    const { turnId, sink } = turn
    const asked = chosenQuestion(input, turn.choices, turn.conversation, arrivedAtMs)
    await runOnce(
      {
        question(context) {
          context.turn.draft.pair = { pairId, askedAs: i + 1, goesOn: turn === turns[0] }
          return asked(context)
        },
        ...{ conversationId: conversation.id, source, arrivedAtMs, turnId },
      },
      { ...dependencies, sink },
      signal,
    )
  }
  remember()
}
