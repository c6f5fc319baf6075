import type { Figure, Verdict } from '../../server/protocol/comparisonFigures.ts'
import { bytes, duration, rangeInWords } from '../figures.ts'

/** A value in its unit; three digits that mean something, more where the whole number has more. */
export function valueInWords(value: number, unit: string): string {
  if (unit === 'bytes') return bytes(value)
  if (unit === 'ms') return duration(value)
  return `${significant(value)} ${unit}`.trim()
}

/** `[low – high]` in the unit of the figure, which is said once. */
export function intervalInWords(interval: readonly number[], unit: string): string {
  const [low = 0, high = 0] = interval
  return rangeInWords(valueInWords(low, unit), valueInWords(high, unit))
}

const verdictTexts: Readonly<Record<Verdict, string>> = {
  better: 'better',
  worse: 'worse',
  'no-difference-shown': 'no difference shown',
  'not-tested': '',
}

/** `0.72×, better`: how a figure stands to the reference; empty for the reference itself. */
export function comparedInWords({ ratioToReference, differenceToReference, unit, verdict }: Figure): string {
  const ratio = ratioToReference === null ? null : `${ratioToReference.toFixed(2)}×`
  const difference =
    differenceToReference === null
      ? null
      : `${differenceToReference < 0 ? '−' : '+'}${valueInWords(Math.abs(differenceToReference), unit === '%' ? 'points' : unit)}`
  return [ratio ?? difference, verdictTexts[verdict] || null].filter(part => part !== null).join(', ')
}

const titles: Readonly<Record<string, string>> = {
  fileBytes: 'on disk',
  bitsPerWeight: 'bits a weight',
  loadMs: 'load',
  residentBytes: 'in memory',
  gpuShare: 'on GPU',
  inferenceMs: 'decoding a clip',
  realTimeFactor: 'real-time factor',
  wordErrorRate: 'word errors',
  characterErrorRate: 'character errors',
  wordErrorRateToReference: 'words unlike reference',
  notWorseShare: 'clips not worse',
  inventedWords: 'words invented',
  repeatedDecodingShare: 'decoded again',
  promptTokensPerSecond: 'prompt speed',
  tokensPerSecond: 'speed',
  firstTokenMs: 'first token',
  firstClauseMs: 'first clause',
  firstAudioMs: 'first audio',
  timePerOutputTokenMs: 'time a token',
  outputTokens: 'answer length',
  exactMatchShare: 'same answers',
  firstDivergingToken: 'first other token',
  tokenAgreement: 'same next token',
  klTop20: 'divergence, top 20',
  checkedRight: 'checked answers right',
  transcriptMs: 'transcript',
  turnDecidedMs: 'turn decided',
  playbackStartedMs: 'playback',
  replyDoneMs: 'reply done',
  changedTranscriptShare: 'other transcripts',
  changedAnswerShare: 'other answers by it',
  joulesPerTurn: 'energy a turn',
}

/** A figure's name as a heading; one that this page does not know is read off its name in the result. */
export function figureTitle(name: string): string {
  return (
    titles[name] ??
    name
      .replace(/(Ms|Bytes|Share)$/, '')
      .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
      .toLowerCase()
  )
}

/** What a reader decides by, which tables show first. */
const decisive = [
  ...['firstAudioMs', 'firstTokenMs', 'inferenceMs', 'tokensPerSecond'],
  ...['wordErrorRate', 'checkedRight', 'tokenAgreement', 'residentBytes', 'fileBytes'],
]

export function decisiveFirst(names: readonly string[]): string[] {
  const first = decisive.filter(name => names.includes(name))
  return [...first, ...names.filter(name => !first.includes(name))]
}

/** Names without the beginning that all of them share, whole parts of it: `whisper-tiny.en-q8_0` → `q8_0` among its like. */
export function withoutSharedStart(names: readonly string[]): {
  shared: string
  short: (name: string) => string
} {
  const [first = '', ...others] = names
  let length = others.length === 0 ? 0 : first.length
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--
  }
  const shared = /^.*[-:]/.exec(first.slice(0, length))?.[0] ?? ''
  return { shared: shared.slice(0, -1), short: name => name.slice(shared.length) }
}

function significant(value: number): string {
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(6, Math.max(0, 2 - magnitude)) })
}
