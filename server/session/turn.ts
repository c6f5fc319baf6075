import { within } from '../abort.ts'
import type { QuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { Outcome, Source, TurnRecord } from '../protocol/record.ts'
import { createTimeline, type Timeline } from '../record/marks.ts'
import { createDraft, type EndedTurn, finishRecord, type RecordDraft } from '../record/turnRecord.ts'
import type { Stages } from './stages.ts'

/** Longer than asking for memory figures may take; no row waits longer for them. */
const MEMORY_WITHIN_MS = 3000

/** Watches turns from outside: told when one begins; what it returns, when its row is written. Must not throw. */
export type TurnObserver = () => (ended: EndedTurn) => void

/** What is known of a turn, and its row in the end. */
export type Turn = {
  readonly turnId: string
  /** Whose place it takes at the engines: the session, or the turn itself. */
  readonly owner: string
  readonly timeline: Timeline
  readonly draft: RecordDraft
  transcript: string | null
  reply: string | null
  heardText: string | null
  /** The model called a function, which may be all that it has to say. */
  hasCalled: boolean
  /** Why not all of the reply was spoken, which the listener was told; null where it was. */
  unspoken: QuantvoxError | null
  /** It goes on: of what came after its speech nothing counts. */
  reopen(): void
  /** Reads the memory figures now, beside the work; the end of the turn waits for them. */
  watchMemory(model: LanguageModel, routedTo: string | null): void
  /** Writes the row. Never rejects: what the record refuses is logged. */
  end(outcome: Outcome, error: QuantvoxError | null): Promise<TurnRecord>
}

export type TurnBeginning = {
  turnId: string
  conversationId: string
  sessionId: string | null
  source: Source
}

export function beginTurn(
  beginning: TurnBeginning,
  stages: Pick<Stages, 'store' | 'memory' | 'settings'>,
  observers: ReadonlySet<TurnObserver>,
  log: Log,
): Turn {
  const { turnId, sessionId } = beginning
  const identity = {
    ...{ ...beginning, appVersion: stages.settings.appVersion },
    ...(stages.settings.replicaId !== null && { replicaId: stages.settings.replicaId }),
    startedAt: new Date().toISOString(),
  }
  const timeline = createTimeline()
  const draft = createDraft()
  const watching = [...observers].map(observe => observe())
  let memory: Promise<unknown> = Promise.resolve()

  function tellObservers(record: TurnRecord): void {
    const at = timeline.at('speechEnd')
    // From now backwards: over days the wall clock and the monotonic one drift apart.
    const speechEndedAtMs = at === null ? null : Date.now() - (performance.now() - at)
    for (const ended of watching) ended({ record, speechEndedAtMs })
  }

  return {
    ...{ turnId, owner: sessionId ?? turnId, timeline, draft },
    ...{ transcript: null, reply: null, heardText: null, unspoken: null, hasCalled: false },
    reopen() {
      timeline.clear()
      const { llm, synthesis } = createDraft()
      // Calls of tools stay: what they did is done.
      Object.assign(draft, { llm, synthesis })
      Object.assign(this, { transcript: null, reply: null, unspoken: null, hasCalled: false })
    },
    watchMemory(model, routedTo) {
      const routed = routedTo === null ? null : { host: routedTo, conversationId: beginning.conversationId }
      const figures = within(stages.memory(draft.speech.model, model, routed), MEMORY_WITHIN_MS, () => {
        throw new Error(`not within ${MEMORY_WITHIN_MS} ms`)
      })
      const read = figures.then(
        known => void Object.assign(draft.memory, known),
        error => log.warn({ err: error, turnId }, 'memory of the engines could not be read'),
      )
      // A turn that goes on reads them again, and the first reading may still be under way.
      memory = Promise.all([memory, read])
    },
    async end(outcome, error) {
      await memory
      const { transcript, reply, heardText, unspoken } = this
      const errorCode = (error ?? unspoken)?.code ?? null
      const record = finishRecord(identity, draft, timeline, { outcome, errorCode })
      try {
        stages.store.insert(record, { transcript, reply, heardText })
        tellObservers(record)
      } catch (thrown) {
        log.error({ err: thrown, turnId }, 'a turn is missing in the record, in metrics or in traces')
      }
      log.info({ turnId, outcome, errorCode, fromSpeechEnd: record.fromSpeechEnd }, 'turn ended')
      return record
    },
  }
}
