import { textTable } from '../../commands/textTable.ts'
import type { Sizing } from './plan.ts'
import type { Outcome, Plan } from './simulate.ts'

export type Arm = { arm: Plan; outcome: Outcome }

export function sizeTable(sizes: readonly Sizing[]): string {
  const head = [
    ...['speakers', 'cells', 'replicas', 'speech hosts', 'language hosts', 'kept'],
    ...['first audio p50', 'p95', 'turns/s, all', 'record MB/s', 'PCM Gbit/s up', 'down'],
  ]
  const rows = sizes.map(({ speakers, cells, plan, outcome, ...flows }) => [
    ...[speakers, cells, plan.replicas, plan.speechHosts, plan.languageHosts].map(String),
    keptIn(plan),
    ...[ms(outcome.firstAudio.p50), ms(outcome.firstAudio.p95), (cells * outcome.turnsPerSecond).toFixed(1)],
    (flows.recordBytesPerSecond / 1e6).toFixed(3),
    ...[flows.upBitsPerSecond, flows.downBitsPerSecond].map(bits => (bits / 1e9).toFixed(3)),
  ])
  return textTable([head, ...rows], allColumns(head))
}

export function policyTable(arms: readonly Arm[]): string {
  const head = ['placed', 'kept', 'first audio p50', 'p95', 'queue p95', 'from cache', 'hosts busy', 'places']
  const rows = arms.map(({ arm, outcome }) => [
    arm.policy,
    keptIn(arm),
    ...[outcome.firstAudio.p50, outcome.firstAudio.p95, outcome.languageWaitP95].map(ms),
    ...[outcome.cachedShare, outcome.languageBusy, outcome.languagePlaces].map(percent),
  ])
  return textTable([head, ...rows], allColumns(head))
}

export function partialTable(arms: readonly Arm[]): string {
  const head = ['partials', 'first audio p50', 'p95', "final's queue p95", 'not decoded', 'hosts busy']
  const rows = arms.map(({ arm, outcome }) => [
    arm.partials,
    ...[outcome.firstAudio.p50, outcome.firstAudio.p95, outcome.speechWaitP95].map(ms),
    ...[outcome.partialsShedShare, outcome.speechBusy].map(percent),
  ])
  return textTable([head, ...rows], allColumns(head))
}

const keptIn = ({ cachedConversations }: Plan) =>
  Number.isFinite(cachedConversations) ? String(cachedConversations) : 'all'
const ms = (value: number) => `${value.toFixed(0)} ms`
const percent = (share: number) => `${(100 * share).toFixed(0)} %`
/** Figures end alike; the first column begins alike. */
const allColumns = (head: readonly string[]) => new Set(head.keys().filter(column => column > 0))
