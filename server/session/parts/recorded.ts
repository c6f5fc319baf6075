import { isAbort, toQuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Outcome, Source } from '../../protocol/record.ts'
import type { Stages } from '../stages.ts'
import { beginTurn, type Turn } from '../turn.ts'

export type PartContext = {
  stages: Stages
  log: Log
  source: Source
  /** UUIDv7, of the turn. */
  turnId: string
  /** When all of the request was there, `performance.now()` milliseconds: the turn's speech end. */
  arrivedAtMs: number
}

/**
 * A turn of which somebody else has the rest: it is only heard, only answered or only spoken, and leaves its row all the same,
 * before the last of `work` is out; what it has no part in is null there. It belongs to no conversation of ours, so its id is that of the turn.
 * @param work yields what the client gets and returns how the turn ended; who leaves the stream interrupts it
 * @throws QuantvoxError, or the signal's reason
 */
export async function* recorded<T>(
  { stages, log, source, turnId, arrivedAtMs }: PartContext,
  work: (turn: Turn) => AsyncGenerator<T, Outcome>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const beginning = { turnId, conversationId: turnId, sessionId: null, source }
  const turn = beginTurn(beginning, stages, stages.observers, log)
  turn.timeline.mark('speechEnd', arrivedAtMs)
  let outcome: Outcome = 'interrupted'
  let error = null
  try {
    outcome = yield* work(turn)
  } catch (thrown) {
    if (isAbort(thrown, signal)) throw thrown
    error = toQuantvoxError(thrown)
    if (error.code === 'internal') log.error({ err: error, turnId }, 'turn failed')
    outcome = 'failed'
    throw error
  } finally {
    await turn.end(outcome, error)
  }
}
