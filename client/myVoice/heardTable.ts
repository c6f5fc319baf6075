import type { MyVoice, MyVoiceHeard } from '../../server/protocol/myVoice.ts'
import { column, el, tableHead } from '../dom.ts'
import { duration, percent } from '../figures.ts'

/** What a level made of the sentences so far; a sentence that failed has the reason instead. */
export type LevelHeard = { name: string; heard: MyVoiceHeard[]; failures: string[] }

/** Words that a level heard wrong, of all in the sentences, and its mean time; null where it heard none. */
export function figuresOf({ heard }: LevelHeard): { errors: number; words: number; meanMs: number } | null {
  if (heard.length === 0) return null
  const sum = (of: (one: MyVoiceHeard) => number) => heard.reduce((total, one) => total + of(one), 0)
  return {
    errors: sum(one => one.wordErrors),
    words: sum(one => one.words),
    meanMs: sum(one => one.inferenceMs) / heard.length,
  }
}

/** One row a level, in the order in which they were asked: none moves when a better one comes. */
export function heardTable(levels: readonly LevelHeard[], sentences: MyVoice['sentences']): HTMLElement {
  return el(
    'table',
    { class: 'heard' },
    el('caption', { class: 'unseen' }, 'What each speech level heard of your voice'),
    tableHead(
      column('level'),
      column('words wrong', 'figures'),
      column('mean time', 'figures'),
      column('what it heard'),
    ),
    el('tbody', ...levels.map(level => levelRow(level, sentences))),
  )
}

function levelRow(level: LevelHeard, sentences: MyVoice['sentences']): HTMLElement {
  const figures = figuresOf(level)
  const cells =
    figures === null
      ? ['–', '–']
      : [
          `${figures.errors} of ${figures.words} (${percent(figures.errors / Math.max(1, figures.words))})`,
          duration(figures.meanMs),
        ]
  const said = level.heard.map(({ sentence, transcript, wordErrors }) =>
    el(
      'li',
      { class: wordErrors === 0 ? 'right' : 'wrong' },
      el('span', transcript === '' ? '(nothing)' : transcript),
      wordErrors === 0
        ? ''
        : el(
            'small',
            ` ${wordErrors} wrong; it was “${sentences.find(({ id }) => id === sentence)?.text ?? ''}”`,
          ),
    ),
  )
  return el(
    'tr',
    el('th', { scope: 'row' }, level.name),
    ...cells.map(text => el('td', { class: 'figures' }, text)),
    el(
      'td',
      el(
        'details',
        el('summary', `${said.length + level.failures.length} of ${sentences.length}`),
        el('ul', ...said, ...level.failures.map(why => el('li', { class: 'wrong' }, why))),
      ),
    ),
  )
}
