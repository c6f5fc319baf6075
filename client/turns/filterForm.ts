import { el } from '../dom.ts'
import { outcomes, shortLevel, sourceTexts } from './recordWords.ts'
import { type Chosen, everything, isEverything, periods } from './turnFilters.ts'

/** The filters of the record's table; `changed` hears of every change. */
export function createFilterForm(changed: () => void) {
  let chosen = everything
  const choose = (change: Partial<Chosen>) => {
    chosen = { ...chosen, ...change }
    between.hidden = chosen.period !== 'between'
    clearing.hidden = isEverything(chosen) && chosen.period === ''
    changed()
  }
  const textIn = (event: Event) => (event.target as HTMLSelectElement | HTMLInputElement).value

  const select = (
    label: string,
    name: keyof Chosen,
    all: string,
    options: [value: string, text: string][],
  ) => {
    const list = el(
      'select',
      { name, onchange: (event: Event) => choose({ [name]: textIn(event) }) },
      ...optionsOf(all, options),
    )
    return { list, field: el('label', el('span', label), list) }
  }
  const moment = (label: string, name: 'from' | 'to') =>
    el(
      'label',
      el('span', label),
      el('input', {
        type: 'datetime-local',
        name,
        onchange: (event: Event) => choose({ [name]: textIn(event) }),
      }),
    )

  const llm = select('Answers', 'llmModel', 'all models', [])
  const speech = select('Speech', 'speechModel', 'all levels', [])
  const outcome = select(
    'Outcome',
    'outcome',
    'any',
    outcomes.map(name => [name, name]),
  )
  const source = select('Source', 'source', 'any', Object.entries(sourceTexts))
  const period = select('Time', 'period', 'any time', [
    ...Object.entries(periods).map(([key, { text }]): [string, string] => [key, text]),
    ['between', 'between …'],
  ])
  const between = el('div', { class: 'between', hidden: true }, moment('From', 'from'), moment('Until', 'to'))
  const clearing = el(
    'button',
    { type: 'button', class: 'quiet', hidden: true, onclick: () => clear() },
    'Clear filters',
  )
  const element = el(
    'form',
    { class: 'filters', 'aria-label': 'Filters', onsubmit: (event: Event) => event.preventDefault() },
    ...[llm, speech, outcome, source, period].map(({ field }) => field),
    between,
    clearing,
  )

  function clear(): void {
    element.reset()
    choose(everything)
  }

  return {
    element,
    chosen: () => chosen,
    /** The models that the record has turns of. */
    offer(models: { llm: string[]; speech: string[] }): void {
      llm.list.replaceChildren(
        ...optionsOf(
          'all models',
          models.llm.map(name => [name, name]),
          chosen.llmModel,
        ),
      )
      speech.list.replaceChildren(
        ...optionsOf(
          'all levels',
          models.speech.map(name => [name, shortLevel(name)]),
          chosen.speechModel,
        ),
      )
    },
    clear,
  }
}

function optionsOf(all: string, options: [value: string, text: string][], chosen = ''): HTMLOptionElement[] {
  // What was chosen stays to be seen, even when its last turn is gone.
  const missing: [string, string][] =
    chosen === '' || options.some(([value]) => value === chosen) ? [] : [[chosen, chosen]]
  return [['', all], ...options, ...missing].map(([value = '', text = '']) =>
    el('option', { value, selected: value === chosen }, text),
  )
}
