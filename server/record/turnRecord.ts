import type { TObject, TProperties } from 'typebox'
import {
  FromSpeechEnd,
  LlmTimings,
  MemoryFigures,
  type Source,
  SpeechTimings,
  SynthesisTimings,
  type TurnRecord,
} from '../protocol/record.ts'
import type { Mark, Timeline } from './marks.ts'

/** The parts of a record that stages fill in while the turn runs, so that a turn that fails keeps what it measured. */
export type RecordDraft = Pick<TurnRecord, 'speech' | 'llm' | 'synthesis' | 'memory'>

type TurnIdentity = {
  turnId: string
  sessionId: string | null
  conversationId: string
  startedAt: string
  source: Source
  appVersion: string
}

/** What watchers of turns are told once its row is written. Never what was said. */
export type EndedTurn = {
  record: TurnRecord
  /** Wall clock, Unix milliseconds; null where no speech end was found. */
  speechEndedAtMs: number | null
}

/** A draft in which everything is unknown. */
export function createDraft(): RecordDraft {
  return {
    speech: allNull(SpeechTimings),
    llm: allNull(LlmTimings),
    synthesis: allNull(SynthesisTimings),
    memory: allNull(MemoryFigures),
  }
}

/** The finished record: draft, identity and outcome, and every mark as milliseconds from speech end. */
export function finishRecord(
  identity: TurnIdentity,
  draft: RecordDraft,
  timeline: Timeline,
  outcome: Pick<TurnRecord, 'outcome' | 'errorCode'>,
): TurnRecord {
  const fromSpeechEnd: FromSpeechEnd = allNull(FromSpeechEnd)
  for (const name of Object.keys(FromSpeechEnd.properties) as (keyof FromSpeechEnd)[]) {
    const elapsedMs = timeline.between('speechEnd', name.slice(0, -'Ms'.length) as Mark)
    fromSpeechEnd[name] = elapsedMs === null ? null : rounded(elapsedMs)
  }
  return { ...identity, ...outcome, fromSpeechEnd, ...roundedDraft(draft), speculation: null }
}

/** Microsecond steps: finer than any clock here is right, and short to print. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

function roundedDraft(draft: RecordDraft): RecordDraft {
  const copy = structuredClone(draft)
  for (const group of Object.values(copy) as Record<string, unknown>[]) {
    for (const [name, value] of Object.entries(group))
      if (typeof value === 'number') group[name] = rounded(value)
  }
  return copy
}

function allNull<P extends TProperties>(schema: TObject<P>): { [K in keyof P]: null } {
  return Object.fromEntries(Object.keys(schema.properties).map(name => [name, null])) as {
    [K in keyof P]: null
  }
}
