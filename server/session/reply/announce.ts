import { createClauseSplitter } from '../../voice/clauses.ts'
import { type Announcement, recordVoice } from '../questions/question.ts'
import type { AnswerContext } from './answer.ts'

/** Has something spoken as it is; settles when all of it is on its way to the listener. No model is asked. */
export async function announce(
  { announced, voice, conversation }: Announcement,
  { stages, turn, speaking, sink, worded }: AnswerContext,
): Promise<void> {
  const { turnId } = turn
  recordVoice(turn, voice, stages)
  // A yes would be to this.
  stages.tools.confirmations.take(conversation.id, turnId)
  turn.reply = announced
  sink.tell({ type: 'reply.delta', turnId, text: announced })
  worded()
  const splitter = createClauseSplitter()
  for (const clause of [...splitter.push(announced), ...splitter.flush()]) {
    turn.timeline.mark('firstClause')
    speaking?.say(clause)
  }
  sink.tell({ type: 'reply.done', turnId, text: announced })
  await speaking?.finish()
}
