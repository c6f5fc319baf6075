import type { AttemptOutcome, DetectorReading, EndRule, Speculation, TextState } from '../protocol/record.ts'

/** One asking at a pause; times are `performance.now()` milliseconds. */
export type AttemptDraft = {
  startedAtMs: number
  firstTokenAtMs: number | null
  endedAtMs: number | null
  /** Null while it goes on. */
  outcome: AttemptOutcome | null
  promptTokens: number | null
  /** Of one that was broken off the parts that came, which are a token each or a few. */
  outputTokens: number
}

export type SpeculationDraft = {
  pauses: number
  revisions: number
  /** Those that a detector was asked about; it still answers. */
  detector: DetectorReading[]
  /** Null while it goes on. */
  decidedBy: EndRule | null
  textState: TextState | null
  endsHere: number | null
  /** The language model asked whether the words can end at a pause: how often, and its time. */
  endChecks: number
  endCheckMs: number
  attempts: AttemptDraft[]
  /** Times that the turn went on after it was taken for over. */
  reopened: number
  /** When the turn took the reply of one. */
  takenAtMs: number | null
}

/**
 * How a question ended, and what was asked before that, as it stands in the record.
 * @param releasedAtMs when the first token was on its way to the listener
 */
export function speculationOf(
  { attempts, takenAtMs, ...known }: SpeculationDraft,
  speechEndAtMs: number | null,
  releasedAtMs: number | null,
): Speculation {
  const told = attempts.map(attempt => figuresOf(attempt, speechEndAtMs))
  const wasted = told.filter(({ outcome }) => outcome !== 'used')
  const used = attempts.find(({ outcome }) => outcome === 'used')
  const [readyAtMs, startedAtMs] = [used?.firstTokenAtMs ?? null, used?.startedAtMs ?? null]
  const firstTokenMs = difference(readyAtMs, startedAtMs)
  const earlierMs = difference(takenAtMs, startedAtMs)
  const isReleased = readyAtMs !== null && releasedAtMs !== null
  return {
    ...{ ...known, attempts: told },
    wastedOutputTokens: wasted.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
    wastedEngineMs: wasted.reduce((sum, { engineMs }) => sum + (engineMs ?? 0), 0),
    tokenReadyMs: difference(readyAtMs, speechEndAtMs),
    tokenReleasedMs: isReleased ? difference(releasedAtMs, speechEndAtMs) : null,
    gateHeldMs: isReleased ? Math.max(0, releasedAtMs - readyAtMs) : null,
    // Asked when it was taken, it would have come as long after that.
    savedMs: firstTokenMs === null || earlierMs === null ? null : Math.min(firstTokenMs, earlierMs),
  }
}

function figuresOf(attempt: AttemptDraft, speechEndAtMs: number | null): Speculation['attempts'][number] {
  const { startedAtMs, firstTokenAtMs, endedAtMs, outcome, promptTokens, outputTokens } = attempt
  return {
    ...{ startedMs: difference(startedAtMs, speechEndAtMs), outcome: outcome ?? 'dropped' },
    ...{ promptTokens, outputTokens, firstTokenMs: difference(firstTokenAtMs, startedAtMs) },
    engineMs: difference(endedAtMs, startedAtMs),
  }
}

const difference = (later: number | null, earlier: number | null) =>
  later === null || earlier === null ? null : later - earlier
