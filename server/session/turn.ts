import { v7 as uuidv7 } from 'uuid'
import { isAbort, type QuantvoxError, toQuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { Outcome, Source, TurnRecord } from '../protocol/record.ts'
import { createTimeline, type Timeline } from '../record/marks.ts'
import { createDraft, finishRecord, type RecordDraft } from '../record/turnRecord.ts'
import type { Stages } from './stages.ts'

/** A turn's life: begun once, ended once, and its row written whatever happened. */
export type Turn = {
  readonly turnId: string
  readonly conversationId: string
  /** Whose place it takes at the engines: the session, or the turn itself. */
  readonly owner: string
  readonly timeline: Timeline
  readonly draft: RecordDraft
  transcript: string | null
  reply: string | null
  heardText: string | null
  /** Reads the memory figures now, beside the work; the end of the turn waits for them. */
  watchMemory(stages: Stages, model: LanguageModel): void
  /** Writes the row and gives the record; a second call gives the same one. */
  end(outcome: Outcome, error?: QuantvoxError): Promise<TurnRecord>
}

export type TurnBeginning = {
  conversationId: string
  sessionId: string | null
  source: Source
  appVersion: string
}

export function beginTurn(
  beginning: TurnBeginning,
  { store, watchers, underWay }: Pick<Stages, 'store' | 'watchers' | 'underWay'>,
  log: Log,
): Turn {
  const turnId = uuidv7()
  const identity = { turnId, startedAt: new Date().toISOString(), ...beginning }
  const timeline = createTimeline()
  const draft = createDraft()
  let memory: Promise<void> = Promise.resolve()
  let record: TurnRecord | undefined
  // A comparison waits for the turns of people, not for its own.
  const over = beginning.source === 'comparison' ? () => {} : underWay.begin()

  function tellWatchers(ended: TurnRecord): void {
    const at = timeline.at('speechEnd')
    // From now backwards: over days the wall clock and the monotonic one drift apart.
    const speechEndedAtMs = at === null ? null : Date.now() - (performance.now() - at)
    for (const watch of watchers) {
      try {
        watch({ record: ended, speechEndedAtMs })
      } catch (error) {
        // The turn is over and written: what watches it must not make it fail.
        log.error({ err: error, turnId }, 'a turn is missing in metrics or traces')
      }
    }
  }

  const turn: Turn = {
    turnId,
    conversationId: beginning.conversationId,
    owner: beginning.sessionId ?? turnId,
    timeline,
    draft,
    transcript: null,
    reply: null,
    heardText: null,
    watchMemory(stages, model) {
      memory = stages.memory(draft.speech.model, model).then(
        figures => void Object.assign(draft.memory, figures),
        error => log.warn({ err: error, turnId }, 'memory of the engines could not be read'),
      )
    },
    async end(outcome, error) {
      over()
      await memory
      if (record) return record
      record = finishRecord(identity, draft, timeline, { outcome, errorCode: error?.code ?? null })
      const { transcript, reply, heardText } = turn
      store.insert(record, { transcript, reply, heardText })
      log.info(
        { turnId, outcome, errorCode: record.errorCode, fromSpeechEnd: record.fromSpeechEnd },
        'turn ended',
      )
      tellWatchers(record)
      return record
    },
  }
  return turn
}

/** How a turn ends that `error` broke: interrupted if its own signal did it, failed otherwise. */
export function brokenBy(error: unknown, signal: AbortSignal): { outcome: Outcome; error?: QuantvoxError } {
  if (isAbort(error, signal)) return { outcome: 'interrupted' }
  return { outcome: 'failed', error: toQuantvoxError(error) }
}
