import type { ClipDiff, LlmTag, SpeechLevel } from '../../server/protocol/comparisonResult.ts'
import { el } from '../dom.ts'
import { counted } from '../figures.ts'

/** The clips that each level heard worst, word by word. */
export function worstClips(levels: readonly SpeechLevel[]): HTMLElement[] {
  return levels
    .filter(level => level.worstClips.length > 0)
    .map(({ name, worstClips }) =>
      el(
        'details',
        {},
        el('summary', {}, `Worst clips of ${name}`),
        el('ul', { class: 'diffs' }, ...worstClips.map(clipItem)),
      ),
    )
}

function clipItem({ clip, wordErrors, words, diff }: ClipDiff): HTMLElement {
  const parts = diff.flatMap(({ operation, reference, transcript }) => {
    if (operation === 'equal') return [reference, ' ']
    return [
      ...(reference === '' ? [] : [el('del', {}, reference), ' ']),
      ...(transcript === '' ? [] : [el('ins', {}, transcript), ' ']),
    ]
  })
  return el(
    'li',
    {},
    el('small', {}, `${clip}: ${counted(wordErrors, 'error')} in ${counted(words, 'word')}`),
    el('p', {}, ...parts),
  )
}

/** Answers of each tag that leave the reference's soonest. */
export function divergences(tags: readonly LlmTag[]): HTMLElement[] {
  return tags
    .filter(tag => tag.divergences.length > 0)
    .map(({ name, reference, divergences }) =>
      el(
        'details',
        {},
        el('summary', {}, `Answers of ${name} beside ${reference ?? 'the reference'}`),
        el(
          'ul',
          { class: 'diffs' },
          ...divergences.map(({ question, reference: before, answer }) =>
            el(
              'li',
              {},
              el('small', {}, question),
              el('p', {}, el('del', {}, before)),
              el('p', {}, el('ins', {}, answer)),
            ),
          ),
        ),
      ),
    )
}
