import type { Outcome, Source, StoredTurn } from '../../server/protocol/record.ts'

export type { Outcome, Source }

export const outcomes = [
  'completed',
  'interrupted',
  'no-speech',
  'discarded',
  'failed',
] as const satisfies readonly Outcome[]

export const sourceTexts: Readonly<Record<Source, string>> = {
  socket: 'live',
  rest: 'REST',
  comparison: 'comparison',
  openai: 'OpenAI',
  realtime: 'Realtime',
  wyoming: 'Wyoming',
}

/** `whisper-tiny.en-q8_0` → `tiny.en-q8_0`: where every speech level is one of Whisper's, the word says nothing. */
export function shortLevel(model: string | null): string {
  return model?.replace(/^whisper-/, '') ?? '–'
}

export type SortKey = 'startedAt' | 'transcriptMs' | 'firstTokenMs' | 'firstAudioMs' | 'replyDoneMs'
export type Sorting = { key: SortKey; ascending: boolean }

/** As the server lists them. */
export const newestFirst: Sorting = { key: 'startedAt', ascending: false }

/** Sorted copies; turns without the figure come last either way. */
export function sorted(turns: readonly StoredTurn[], { key, ascending }: Sorting): StoredTurn[] {
  const figureOf = (turn: StoredTurn) =>
    key === 'startedAt' ? Date.parse(turn.startedAt) : turn.fromSpeechEnd[key]
  return turns.toSorted((a, b) => {
    const [x, y] = [figureOf(a), figureOf(b)]
    if (x === null || y === null) return Number(x === null) - Number(y === null)
    return ascending ? x - y : y - x
  })
}
