import './waterfall.css'
import type { EndRule, Speculation, TurnRecord } from '../../server/protocol/record.ts'
import { levelName } from '../../server/shared/quantization.ts'
import { el } from '../dom.ts'
import { duration, forNothing, percent } from '../figures.ts'
import { sharedScale, spanOf } from './scale.ts'
import { waterfallBars } from './waterfallBars.ts'
import { createWaterfallTable, SHOWN_FROM_MS } from './waterfallTable.ts'

/**
 * Where the time of a turn went: a table of its stages on an axis of its own from speech end, with the quantization of both models.
 * The bars are for the eye; each row says its figures in words too.
 */
export function renderWaterfall(record: TurnRecord): HTMLElement {
  const bars = waterfallBars(record).filter(({ ms }) => ms >= SHOWN_FROM_MS)
  const heading = el('figcaption', el('strong', headlineOf(record)), levelsOf(record))
  const figure = el('figure', { class: 'waterfall' }, heading)
  if (bars.length === 0) return figure
  const table = createWaterfallTable()
  table.show(bars, sharedScale([spanOf(bars)]))
  figure.append(table.element)
  return figure
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
          el('b', quantization === null ? model : levelName(quantization)),
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
