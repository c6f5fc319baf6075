import type { TurnRecord } from '../../server/protocol/record.ts'

export type LatencyChart = {
  add(record: TurnRecord): void
  setHistory(records: TurnRecord[]): void
}

/** Speech end → first token and → first audio over the turns. */
export function createLatencyChart(_root: HTMLElement): LatencyChart {
  return { add() {}, setHistory() {} }
}
