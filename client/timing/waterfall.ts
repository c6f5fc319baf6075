import './waterfall.css'
import type { EndRule, Speculation, TurnRecord } from '../../server/protocol/record.ts'
import { column, el, tableHead } from '../dom.ts'
import { duration, forNothing, milliseconds, percent } from '../figures.ts'
import { ticks } from './axis.ts'
import { type Bar, reachedMs, waterfallBars } from './waterfallBars.ts'

/** Shorter ones would print as 0.0. */
const SHOWN_FROM_MS = 0.05

const meanings: Readonly<Record<string, string>> = {
  silence: 'silence that had to last before the turn counted as over',
  decision: 'from the release to the last frame that was heard',
  prepareSpeech: 'decoding the file and finding the speech in it',
  speechLoad: 'the speech level was not in memory',
  speechQueue: 'other requests to the speech engine came first',
  transcription: 'the speech engine at work',
  toolAsked: 'the model read the question and asked for a tool',
  tool: 'the tool at work',
  prepareAnswer: 'history and prompt, and what was heard of the turn before',
  llmQueue: 'other turns with this model came first',
  llmLoad: 'the language model was not in memory',
  llmSchedule: "Ollama's own wait, with the model in memory",
  promptEvaluation: 'the model reads the prompt',
  release: 'the answer, held back until the turn was over, on its way out',
  firstToken: 'template, first token, and the way to us',
  beforeThinking: 'template, first token of the thinking, and the way to us',
  thinking: 'the model thinks and says nothing yet',
  firstClause: 'until there was enough to be spoken',
  firstAudio: 'the voice at work on the first clause',
  playbackStart: 'until the client played it',
}

/**
 * Where the time of a turn went: a table of its stages on one axis from speech end, with the quantization of both models.
 * The bars are for the eye; each row says its figures in words too.
 */
export function renderWaterfall(record: TurnRecord): HTMLElement {
  const bars = waterfallBars(record).filter(({ ms }) => ms >= SHOWN_FROM_MS)
  const heading = el('figcaption', el('strong', headlineOf(record)), levelsOf(record))
  const figure = el('figure', { class: 'waterfall' }, heading)
  if (bars.length > 0) figure.append(tableOf(bars))
  return figure
}

/** The moment that the one who waits cares for, as far as the turn got. */
function headlineOf({ outcome, errorCode, fromSpeechEnd: at }: TurnRecord): string {
  if (outcome === 'failed') return `Failed: ${errorCode ?? 'internal'}`
  if (outcome === 'no-speech') return 'Nothing was said'
  if (outcome === 'discarded') return 'Given up before an answer'
  if (at.playbackStartedMs !== null) return `Answer heard after ${duration(at.playbackStartedMs)}`
  if (at.firstAudioMs !== null) return `First audio after ${duration(at.firstAudioMs)}`
  if (at.firstTokenMs !== null) return `First token after ${duration(at.firstTokenMs)}`
  return outcome === 'interrupted' ? 'Interrupted before an answer' : 'No answer'
}

function levelsOf({ speech, llm, speculation }: TurnRecord): HTMLElement {
  const level = (name: string, model: string | null, quantization: string | null, cold: boolean | null) =>
    model === null
      ? null
      : el(
          'span',
          { class: `level ${name}`, title: model },
          `${name === 'speech' ? 'speech' : 'answer'} `,
          el('b', quantization ?? model),
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

function tableOf(bars: Bar[]): HTMLElement {
  const from = Math.min(0, ...bars.map(({ startMs }) => startMs))
  const to = reachedMs(bars)
  const share = (ms: number) => `${(((ms - from) / (to - from)) * 100).toFixed(3)}%`
  const marks = ticks(from, to, 5)

  const segment = (kind: string, startMs: number, ms: number) => {
    const part = el('span', { class: `bar ${kind}` })
    part.style.setProperty('left', share(startMs))
    part.style.setProperty('width', share(from + ms))
    return part
  }
  const row = ({ id, label, stage, startMs, endMs, ms, hiddenMs }: Bar) => {
    const isHidden = hiddenMs >= SHOWN_FROM_MS
    const track = el(
      'span',
      { class: 'track', 'aria-hidden': 'true' },
      ...marks.map(mark => gridLine(share(mark))),
    )
    if (isHidden) track.append(segment(`${stage} hidden`, startMs, hiddenMs))
    if (ms - hiddenMs >= SHOWN_FROM_MS) track.append(segment(stage, startMs + hiddenMs, ms - hiddenMs))
    const inWords = `from ${milliseconds(startMs)} to ${milliseconds(endMs)} ms`
    const note = isHidden ? `${milliseconds(hiddenMs)} ms in the silence` : ''
    return el(
      'tr',
      { 'data-bar': id },
      el('th', { scope: 'row', title: meanings[id] }, label, ...(isHidden ? [' ', el('small', note)] : [])),
      el('td', track, el('span', { class: 'unseen' }, inWords)),
      el('td', { class: 'figures' }, milliseconds(ms)),
    )
  }
  return el(
    'table',
    el('caption', { class: 'unseen' }, 'Where the time went, in milliseconds from speech end'),
    tableHead(
      column(el('span', { class: 'unseen' }, 'stage')),
      el('th', { scope: 'col' }, axis(marks, share), el('span', { class: 'unseen' }, 'when')),
      column('ms', 'figures'),
    ),
    el('tbody', ...bars.map(row)),
  )
}

function gridLine(left: string): HTMLElement {
  const line = el('span', { class: 'line' })
  line.style.setProperty('left', left)
  return line
}

function axis(marks: number[], share: (ms: number) => string): HTMLElement {
  const labels = marks.map(mark => {
    const label = el('span', mark.toLocaleString('en-US'))
    label.style.setProperty('left', share(mark))
    return label
  })
  return el('span', { class: 'axis', 'aria-hidden': 'true' }, ...labels)
}
