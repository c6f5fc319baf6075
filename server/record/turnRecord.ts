import type { TObject, TProperties } from 'typebox'
import {
  FromSpeechEnd,
  LlmTimings,
  MemoryFigures,
  type Pairing,
  type Source,
  SpeechTimings,
  SynthesisTimings,
  type ToolTimings,
  type TurnRecord,
} from '../protocol/record.ts'
import type { Mark, Timeline } from './marks.ts'
import { type SpeculationDraft, speculationOf } from './speculation.ts'

/** The parts of a record that stages fill in while the turn runs, so that a turn that fails keeps what it measured. */
type Measured = Pick<TurnRecord, 'speech' | 'llm' | 'synthesis' | 'memory'>
export type RecordDraft = Measured & {
  /** Null of a question that came whole. */
  speculation: SpeculationDraft | null
  tools: ToolDraft[]
  /** Null of a turn on its own. */
  pair: Pairing | null
}

/** One call of a tool; `startedAtMs` is of `performance.now()`. */
export type ToolDraft = Omit<ToolTimings, 'startedMs'> & { startedAtMs: number }

type TurnIdentity = {
  turnId: string
  sessionId: string | null
  conversationId: string
  startedAt: string
  source: Source
  appVersion: string
  replicaId?: string
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
    speculation: null,
    tools: [],
    pair: null,
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
  const { speculation, tools, pair, ...measured } = draft
  const speechEndAtMs = timeline.at('speechEnd')
  const called = tools.map(({ startedAtMs, ...call }) => ({
    ...call,
    startedMs: speechEndAtMs === null ? null : startedAtMs - speechEndAtMs,
  }))
  const onTrial = speculation && speculationOf(speculation, speechEndAtMs, timeline.at('firstToken'))
  const figures = {
    ...measured,
    speculation: onTrial,
    ...(called.length === 0 ? {} : { tools: called }),
    ...(pair && { pair }),
  }
  return { ...identity, ...outcome, fromSpeechEnd, ...roundedFigures(figures) }
}

/** Microsecond steps: finer than any clock here is right, and short to print. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** Every figure of it, however deep. */
function roundedFigures<T>(figures: T): T {
  const round = (value: unknown): unknown => {
    if (typeof value === 'number') return rounded(value)
    if (Array.isArray(value)) return value.map(round)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, round(part)]))
  }
  return round(figures) as T
}

function allNull<P extends TProperties>(schema: TObject<P>): { [K in keyof P]: null } {
  return Object.fromEntries(Object.keys(schema.properties).map(name => [name, null])) as {
    [K in keyof P]: null
  }
}
