import { setImmediate as nextLoopTurn } from 'node:timers/promises'
import { QuantvoxError } from '../errors.ts'
import { type Outcome, outcomes, type StoredTurn } from '../protocol/record.ts'
import type {
  FieldStatistics,
  GroupKey,
  Summary,
  SummaryGroup,
  TurnFilters,
} from '../protocol/turnQueries.ts'
import { numericFields } from './fields.ts'
import { createNumberList, type NumberList } from './numberList.ts'
import { sortInSteps } from './sortInSteps.ts'
import { describe } from './statistics.ts'
import type { TurnStore } from './turnStore.ts'

/** More groups are no summary; grouping by conversation without a filter would make thousands. */
const MOST_GROUPS = 1_000

const readKey: Readonly<Record<GroupKey, (turn: StoredTurn) => string | null>> = {
  llmModel: turn => turn.llm.model,
  speechModel: turn => turn.speech.model,
  voice: turn => turn.synthesis.voice,
  outcome: turn => turn.outcome,
  source: turn => turn.source,
  conversationId: turn => turn.conversationId,
  appVersion: turn => turn.appVersion,
  host: turn => turn.llm.host,
  speechHost: turn => turn.speech.host ?? null,
  replicaId: turn => turn.replicaId ?? null,
}

type Collected = {
  keys: Record<string, string | null>
  n: number
  coldN: number
  outcomes: Record<Outcome, number>
  wasted: SummaryGroup['wasted']
  warm: Map<string, NumberList>
  cold: Map<string, NumberList>
}

/**
 * Statistics of every figure of the turns that match, per group. All turns are counted; figures are taken of
 * answered turns only (completed, interrupted), since a time-out of a failed one would pass for a slow model. Turns
 * for which a model was loaded stand apart. Groups come largest first.
 *
 * Reads and sorts in steps and lets the event loop run between them.
 * Throws `invalid_request` for more than 1,000 groups, `internal` when the record cannot be read.
 */
export async function summarize(
  store: Pick<TurnStore, 'stream'>,
  groupBy: readonly GroupKey[],
  filters: TurnFilters,
  signal?: AbortSignal,
): Promise<Summary> {
  const groups = new Map<string, Collected>()
  for await (const turn of store.stream(filters, signal)) collect(groupOf(groups, groupBy, turn), turn)
  const described: SummaryGroup[] = []
  for (const group of groups.values()) described.push(await describeGroup(group, signal))
  return { groupBy: [...groupBy], groups: described.sort((a, b) => b.n - a.n) }
}

function groupOf(groups: Map<string, Collected>, groupBy: readonly GroupKey[], turn: StoredTurn): Collected {
  const values = groupBy.map(key => readKey[key](turn))
  const id = JSON.stringify(values)
  const known = groups.get(id)
  if (known) return known
  if (groups.size === MOST_GROUPS) {
    throw new QuantvoxError('invalid_request', `The selection has more than ${MOST_GROUPS} groups.`, {
      mend: 'Group by something with fewer values, or narrow the selection with since, until or a model.',
    })
  }
  const group: Collected = {
    keys: Object.fromEntries(groupBy.map((key, i) => [key, values[i] ?? null])),
    n: 0,
    coldN: 0,
    outcomes: Object.fromEntries(outcomes.map(outcome => [outcome, 0])) as Record<Outcome, number>,
    wasted: { outputTokens: 0, engineMs: 0 },
    warm: new Map(),
    cold: new Map(),
  }
  groups.set(id, group)
  return group
}

function collect(group: Collected, turn: StoredTurn): void {
  const cold = turn.speech.cold === true || turn.llm.cold === true
  group.n++
  group.outcomes[turn.outcome]++
  if (cold) group.coldN++
  group.wasted.outputTokens += turn.speculation?.wastedOutputTokens ?? 0
  group.wasted.engineMs += turn.speculation?.wastedEngineMs ?? 0
  if (turn.outcome !== 'completed' && turn.outcome !== 'interrupted') return
  const into = cold ? group.cold : group.warm
  for (const { path, read } of numericFields) {
    const value = read(turn)
    if (typeof value !== 'number') continue
    const list = into.get(path) ?? createNumberList()
    list.push(value)
    into.set(path, list)
  }
}

async function describeGroup(group: Collected, signal: AbortSignal | undefined): Promise<SummaryGroup> {
  const { keys, n, coldN, outcomes, wasted } = group
  return {
    keys,
    n,
    coldN,
    failures: outcomes.failed,
    outcomes,
    wasted,
    timings: await describeFields(group.warm, signal),
    cold: await describeFields(group.cold, signal),
  }
}

async function describeFields(lists: Map<string, NumberList>, signal: AbortSignal | undefined) {
  const described: Record<string, FieldStatistics> = {}
  for (const { path } of numericFields) {
    const list = lists.get(path)
    if (!list) continue
    await nextLoopTurn() // for many small lists; sorting lets go only of large ones
    signal?.throwIfAborted()
    described[path] = describe(await sortInSteps(list.values()))
  }
  return described
}
