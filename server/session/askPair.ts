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
  const conversation = dependencies.stages.conversations.open(choices.conversationId)
  let remember = () => {}
  const combinations = [
    {
      choices,
      conversation: {
        ...conversation,
        append: (userText: string, heardText: string) => {
          remember = () => conversation.append(userText, heardText)
        },
      },
    },
    {
      choices: { ...choices, ...compareWith },
      conversation: { ...conversation, prompt: conversation.foresee, append: () => {} },
    },
  ]
  for (const askedAs of [1, 2]) {
    const place = askedAs === 1 ? first : 1 - first
    const [combination, turnId, sink] = [combinations[place], turnIds[place], sinks[place]]
    if (combination === undefined || turnId === undefined || sink === undefined || signal.aborted) break
    const arrivedAtMs = askedAs === 1 ? question.arrivedAtMs : performance.now()
    const asked = chosenQuestion(input, combination.choices, combination.conversation, arrivedAtMs)
    await runOnce(
      {
        question(context) {
          context.turn.draft.pair = { pairId, askedAs }
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
