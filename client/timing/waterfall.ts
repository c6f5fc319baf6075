import './waterfall.css'
import type { EndRule, Speculation, TurnRecord } from '../../server/protocol/record.ts'
import { counted, fixed } from '../../server/shared/figures.ts'
import { levelName } from '../../server/shared/quantization.ts'
import { el } from '../dom.ts'
import { bytes, duration, forNothing, percent } from '../figures.ts'
import { memoryOf } from './latencySeries.ts'
import { sharedScale, spanOf } from './scale.ts'
import { createWaterfallTable, shownBars } from './waterfallTable.ts'

/**
 * Where the time of a turn went: a table of its stages on an axis of its own from speech end, with the quantization of both models.
 * The bars are for the eye; each row says its figures in words too.
 */
export function renderWaterfall(record: TurnRecord): HTMLElement {
  const bars = shownBars(record)
  const heading = el('figcaption', el('strong', headlineOf(record)), levelsOf(record))
  const figure = el('figure', { class: 'waterfall' }, heading)
  if (bars.length > 0) {
    const table = createWaterfallTable()
    table.show(bars, sharedScale([spanOf(bars)]))
    figure.append(table.element)
  }
  const facts = factsOf(record)
  if (facts !== '') figure.append(el('p', { class: 'facts' }, facts))
  return figure
}

/** What a turn cost beside time: `31.2 tokens/s, 64 tokens; 812 MB of memory, answers 697 MB, speech 115 MB`; empty where nothing is known. */
export function factsOf(record: TurnRecord): string {
  const { llm, memory } = record
  const { tokensPerSecond, outputTokens } = llm
  const { llmResidentBytes: answers, speechResidentBytes: speech } = memory
  const tokens = [
    tokensPerSecond === null ? null : `${fixed(tokensPerSecond, tokensPerSecond < 99.95 ? 1 : 0)} tokens/s`,
    outputTokens === null ? null : counted(outputTokens, 'token'),
  ]
  const held = [
    answers === null ? null : `answers ${bytes(answers)}`,
    speech === null ? null : `speech ${bytes(speech)}`,
  ].filter(part => part !== null)
  const sum = held.length === 2 ? `${bytes(memoryOf(record))} of memory, ` : 'memory of '
  return [tokens.filter(part => part !== null).join(', '), held.length === 0 ? '' : sum + held.join(', ')]
    .filter(part => part !== '')
    .join('; ')
}

/** The moment that the one who waits cares for, as far as the turn got. */
export function headlineOf({ outcome, errorCode, fromSpeechEnd: at }: TurnRecord): string {
  if (outcome === 'failed') return `Failed: ${errorCode ?? 'internal'}`
  if (outcome === 'no-speech') return 'Nothing was said'
  if (outcome === 'discarded') return 'Given up before an answer'
  if (at.playbackStartedMs !== null) return `Answer heard after ${duration(at.playbackStartedMs)}`
  if (at.firstAudioMs !== null) return `First audio after ${duration(at.firstAudioMs)}`
  if (at.firstTokenMs !== null) return `First token after ${duration(at.firstTokenMs)}`
  return outcome === 'interrupted' ? 'Interrupted before an answer' : 'No answer'
}

export function levelsOf({ speech, llm, speculation }: TurnRecord): HTMLElement {
  const level = (name: string, model: string | null, quantization: string | null, cold: boolean | null) =>
    model === null
      ? null
      : el(
          'span',
          { class: `level ${name}`, title: model },
          `${name === 'speech' ? 'speech' : 'answer'} `,
          el('b', levelName(quantization) ?? model),
          cold ? ' cold' : null,
        )
  const wasted = speculation && forNothing(speculation.wastedOutputTokens, speculation.wastedEngineMs)
  return el(
    'span',
    { class: 'levels' },
    level('speech', speech.model, speech.quantization, speech.cold),
    level('llm', llm.model, llm.quantization, llm.cold),
    speculation && endOf(speculation),
    wasted && el('span', { title: 'the language model, asked at a pause for what nobody wanted' }, wasted),
  )
}

const endings: Readonly<Record<EndRule, string>> = {
  sure: 'surely over',
  likely: 'likely over',
  hardly: 'hardly over',
  silence: 'silent for long enough',
  commit: 'ended by hand',
  'too-long': 'as long as it may be',
  stalled: 'no more audio',
}

/** What decided that the turn was over, and what that was founded on. */
function endOf({ decidedBy = null, textState = null, endsHere = null, detector = [] }: Speculation) {
  if (decidedBy === null) return null
  const probability = detector.at(-1)?.probability ?? null
  const known = [
    probability === null ? null : `by the voice ${percent(probability)}`,
    textState === null ? null : `words ${textState}`,
    endsHere === null ? null : `by the model ${percent(endsHere)}`,
  ].filter(fact => fact !== null)
  return el('span', { title: known.length === 0 ? undefined : known.join(', ') }, endings[decidedBy])
}
