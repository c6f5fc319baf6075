import type { Bar } from '../../../client/timing/waterfallBars.ts'
import type { TurnRecord } from '../../../server/protocol/record.ts'
import { makeTurn } from './records.ts'

export type Change = { [K in 'fromSpeechEnd' | 'speech' | 'llm']?: Partial<TurnRecord[K]> } & Partial<
  Pick<TurnRecord, 'speculation'>
>

/** A record of which only these figures are known. */
export function recordOf({
  fromSpeechEnd = {},
  speech = {},
  llm = {},
  speculation = null,
}: Change): TurnRecord {
  const { record } = makeTurn(1)
  const unknown = <T extends object>(group: T) =>
    Object.fromEntries(Object.keys(group).map(name => [name, null])) as T
  return {
    ...record,
    fromSpeechEnd: { ...unknown(record.fromSpeechEnd), ...fromSpeechEnd },
    speech: { ...unknown(record.speech), ...speech },
    llm: { ...unknown(record.llm), ...llm },
    speculation,
  }
}

export const visibleMs = (bars: Bar[]) => bars.reduce((sum, { ms, hiddenMs }) => sum + ms - hiddenMs, 0)
