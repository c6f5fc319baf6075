import type { Outcome, Source } from './recordWords.ts'

/** What the reader asked for; empty strings ask for everything. */
export type Chosen = {
  llmModel: string
  speechModel: string
  outcome: Outcome | ''
  source: Source | ''
  /** A key of `periods`, or `between` for `from` and `to`. */
  period: string
  /** `YYYY-MM-DDTHH:MM` in the reader's time zone, as the browser's field has it. */
  from: string
  to: string
}

export const everything: Chosen = {
  ...{ llmModel: '', speechModel: '', outcome: '', source: '', period: '', from: '', to: '' },
}

const HOUR_MS = 3_600_000
export const periods: Readonly<Record<string, { text: string; ms: number }>> = {
  hour: { text: 'last hour', ms: HOUR_MS },
  day: { text: 'last 24 hours', ms: 24 * HOUR_MS },
  week: { text: 'last 7 days', ms: 7 * 24 * HOUR_MS },
}

/** The filters of `/v1/turns` and `/v1/summary` for what was chosen. A field that holds no time asks for nothing. */
export function filterParameters(chosen: Chosen, nowMs: number): URLSearchParams {
  const { llmModel, speechModel, outcome, source, period, from, to } = chosen
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries({ llmModel, speechModel, outcome, source })) {
    if (value !== '') parameters.set(name, value)
  }
  const past = periods[period]
  const since =
    past === undefined ? instant(period === 'between' ? from : '') : new Date(nowMs - past.ms).toISOString()
  const until = instant(period === 'between' ? to : '')
  if (since !== null) parameters.set('since', since)
  if (until !== null) parameters.set('until', until)
  return parameters
}

export function isEverything(chosen: Chosen): boolean {
  return filterParameters(chosen, 0).size === 0
}

function instant(local: string): string | null {
  const time = new Date(local)
  return local === '' || Number.isNaN(time.getTime()) ? null : time.toISOString()
}
