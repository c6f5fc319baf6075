import { el } from '../dom.ts'
import type { Choice, Groups } from './choices.ts'
import { usableNames } from './choices.ts'

/** Pickers of one combination; only what is here can be chosen. */
export function createCombination(title: string, name: string) {
  const select = (label: string, key: string) =>
    el('select', { name: `${name}-${key}`, 'aria-label': `${title}: ${label}` })
  const [speech, answers] = [select('speech', 'speech'), select('answers', 'answers')]
  const field = (label: string, input: HTMLElement) =>
    el('label', { class: 'field' }, el('span', label), input)
  const element = el(
    'fieldset',
    { class: 'combination' },
    el('legend', title),
    field('Speech', speech),
    field('Answers', answers),
  )
  return {
    element,
    offer(groups: Groups, choice: Choice): void {
      fill(speech, groups.speech, choice.speechModel)
      fill(answers, groups.language, choice.llmModel)
    },
    choice: (): Choice => ({ llmModel: answers.value, speechModel: speech.value }),
  }
}

function fill(select: HTMLSelectElement, groups: Groups['speech'], chosen: string): void {
  const names = groups.flatMap(usableNames)
  const known = names.includes(chosen) || chosen === '' ? names : [chosen, ...names]
  select.replaceChildren(...known.map(name => el('option', { value: name, selected: name === chosen }, name)))
}
