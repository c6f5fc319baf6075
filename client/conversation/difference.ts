import type { TurnRecord } from '../../server/protocol/record.ts'
import { levelName, quantizationIn, withoutQuantization } from '../../server/shared/quantization.ts'
import { bytes, duration } from '../figures.ts'
import { isCold, memoryOf } from '../timing/latencySeries.ts'

/** What a turn took more, or less, than the last one at another level. */
export type Difference = {
  /** What this turn ran on, and the other one, as far as they differ: levels of one model, or models. */
  here: string
  there: string
  /** From speech end to the latest moment that both have: heard, first audio, first token; the last with different voices. */
  waitMs: number | null
  memoryBytes: number | null
  tokensPerSecond: number | null
  /** It loaded a model first, which it pays once. */
  cold: boolean
}

const moments = ['playbackStartedMs', 'firstAudioMs', 'firstTokenMs'] as const

/** Null where no turn before, asked in the same way, was answered at another level. */
export function differenceOf(record: TurnRecord, before: readonly TurnRecord[]): Difference | null {
  if (!isAnswered(record)) return null
  const other = before.findLast(
    earlier =>
      isAnswered(earlier) &&
      !isCold(earlier) &&
      isSpoken(earlier) === isSpoken(record) &&
      !isSameLevel(earlier, record),
  )
  if (other === undefined) return null
  const [here, there] = namesOf(record, other)
  const isSameVoice = record.synthesis.voice === other.synthesis.voice
  const moment = (isSameVoice ? moments : moments.slice(-1)).find(
    name => record.fromSpeechEnd[name] !== null && other.fromSpeechEnd[name] !== null,
  )
  return {
    here,
    there,
    waitMs: moment === undefined ? null : minus(record.fromSpeechEnd[moment], other.fromSpeechEnd[moment]),
    memoryBytes: isSameKnown(record, other) ? minus(memoryOf(record), memoryOf(other)) : null,
    tokensPerSecond:
      record.llm.model === other.llm.model
        ? null
        : minus(record.llm.tokensPerSecond, other.llm.tokensPerSecond),
    cold: isCold(record),
  }
}

/** `q8_0: +225 ms, +39 MB against q4_K_M`. */
export function differenceInWords({ here, there, cold, ...by }: Difference): string {
  const { waitMs, memoryBytes, tokensPerSecond } = by
  const parts = [
    waitMs === null ? null : Math.abs(waitMs) < 1 ? 'same time' : signed(waitMs, duration),
    // Figures of a running process move by themselves; below a megabyte there is nothing to tell.
    memoryBytes === null ? null : Math.abs(memoryBytes) < 1e6 ? 'same memory' : signed(memoryBytes, bytes),
    tokensPerSecond === null || Math.round(tokensPerSecond) === 0
      ? null
      : `${signed(tokensPerSecond, one => String(Math.round(one)))} tokens/s`,
  ].filter(part => part !== null)
  const loaded = cold ? ' (with the loading of a model)' : ''
  return `${here}: ${parts.join(', ')} against ${there}${loaded}`
}

function signed(value: number, write: (value: number) => string): string {
  return `${value < 0 ? '−' : '+'}${write(Math.abs(value))}`
}

const minus = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b)
const isAnswered = ({ outcome, fromSpeechEnd }: TurnRecord) =>
  (outcome === 'completed' || outcome === 'interrupted') && fromSpeechEnd.firstTokenMs !== null
const isSpoken = ({ speech }: TurnRecord) => speech.model !== null
/** One with speech and one without would differ by all of it. */
const isSameKnown = (a: TurnRecord, b: TurnRecord) =>
  (a.memory.speechResidentBytes === null) === (b.memory.speechResidentBytes === null)
const isSameLevel = (a: TurnRecord, b: TurnRecord) =>
  a.llm.model === b.llm.model && a.speech.model === b.speech.model

/** Where the models are the same, their levels tell them apart. */
function namesOf(a: TurnRecord, b: TurnRecord): [here: string, there: string] {
  const pairs = [
    [named(a.llm), named(b.llm)],
    [named(a.speech), named(b.speech)],
  ] as const
  const differing = pairs.filter(([one, other]) => one.name !== other.name)
  const isLevel = differing.every(([one, other]) => one.model === other.model)
  const text = (side: 0 | 1) =>
    differing.map(pair => (isLevel ? pair[side].level : pair[side].name)).join(' · ')
  return [text(0), text(1)]
}

function named({ model, quantization }: { model: string | null; quantization: string | null }) {
  const name = model ?? 'none'
  const level = quantization ?? quantizationIn(name) ?? name
  return { name, model: withoutQuantization(name), level: levelName(level) }
}
