import type { ComparisonRequest } from '../../server/protocol/comparisons.ts'
import type { ServerInfo } from '../../server/protocol/info.ts'
import type { LanguageModel, SpeechModel, Voice } from '../../server/protocol/models.ts'
import { comparedByDefault } from '../../server/shared/defaults/speechDefaults.ts'
import { comparedVoicesByDefault } from '../../server/shared/defaults/voiceDefaults.ts'
import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import { bytes } from '../figures.ts'
import { type LevelGroup, languageGroups, speechGroups } from '../models/modelGroups.ts'
import { inWords, troubleBox } from '../trouble.ts'
import { comparisonRequest } from './comparisonRequest.ts'

/** Asks what to compare; all installed levels of the models in use are ticked. `start` rejects with why it cannot be. */
export function createStartForm(api: Api, start: (request: ComparisonRequest) => Promise<void>): HTMLElement {
  const models = el('div', { class: 'choices' }, el('p', { class: 'soft' }, 'Looking for installed models …'))
  const trouble = el('div')
  const button = el('button', { type: 'submit', class: 'primary' }, 'Start comparing')
  const audio = el(
    'select',
    { name: 'audio', onchange: () => (directory.hidden = audio.value !== 'directory') },
    el('option', { value: 'builtin' }, 'clips of the project'),
    el('option', { value: 'synthetic' }, 'sentences that flite speaks'),
    el('option', { value: 'saved' }, 'turns that you saved (SAVE_AUDIO)'),
    el('option', { value: 'mine' }, 'your own voice, kept at "My voice"'),
    el('option', { value: 'directory' }, 'a folder of the server …'),
  )
  const directory = field('Folder with manifest.json', el('input', { name: 'directory', type: 'text' }))
  directory.hidden = true
  const form = el(
    'form',
    { class: 'start', onsubmit: (event: SubmitEvent) => void submit(event) },
    models,
    el(
      'div',
      { class: 'fields' },
      field('Speech from', audio),
      directory,
      field('Time budget, minutes', amount('budgetMinutes', { value: '8', min: '0.2' })),
      field('Rounds at most', amount('rounds', { min: '1', max: '100', step: '1' })),
      el(
        'label',
        { class: 'tick' },
        el('input', { type: 'checkbox', name: 'pairs', checked: true }),
        'also whole spoken turns of what is best together',
      ),
    ),
    el(
      'fieldset',
      { class: 'limits' },
      el('legend', 'Limits of the recommendation'),
      el(
        'div',
        { class: 'fields' },
        field('Memory, MB', amount('memoryMegabytes', { min: '1' })),
        field('First token, ms', amount('firstTokenMs', { min: '1' })),
        field('Rise in word errors, points', amount('wordErrorRateIncrease', { min: '0' })),
      ),
    ),
    trouble,
    el('div', button),
  )

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const data = new FormData(form)
    const text = (name: string) => String(data.get(name) ?? '')
    const all = (name: string) => data.getAll(name).map(String)
    button.disabled = true
    trouble.replaceChildren()
    try {
      await start(
        comparisonRequest({
          speechModels: all('speechModels'),
          llmModels: all('llmModels'),
          voices: all('voices'),
          pairs: data.has('pairs'),
          audio: text('audio'),
          directory: text('directory'),
          rounds: text('rounds'),
          budgetMinutes: text('budgetMinutes'),
          memoryMegabytes: text('memoryMegabytes'),
          firstTokenMs: text('firstTokenMs'),
          wordErrorRateIncrease: text('wordErrorRateIncrease'),
        }),
      )
    } catch (error) {
      trouble.replaceChildren(el('p', { class: 'trouble', role: 'alert' }, inWords(error)))
    }
    button.disabled = false
  }

  async function offerModels(): Promise<void> {
    try {
      const [info, speech, language, voices] = await Promise.all([
        api.get<ServerInfo>('/v1/info'),
        api.get<{ items: SpeechModel[] }>('/v1/models/speech'),
        api.get<{ items: LanguageModel[] }>('/v1/models/language'),
        api.get<{ items: Voice[] }>('/v1/voices'),
      ])
      models.replaceChildren(
        checkboxes(
          'Speech levels',
          'speechModels',
          speechGroups(speech.items),
          comparedByDefault(info.defaults.speechModel),
        ),
        checkboxes('Answers', 'llmModels', languageGroups(language.items), [info.defaults.llmModel]),
        voiceBoxes(voices.items, info.defaults.voice),
      )
    } catch (error) {
      models.replaceChildren(troubleBox([inWords(error)], () => void offerModels()))
    }
  }

  void offerModels()
  return form
}

function checkboxes(
  title: string,
  name: string,
  groups: LevelGroup[],
  inUse: (string | null)[],
): HTMLElement {
  const families = groups
    .map(group => ({ ...group, levels: group.levels.filter(({ installed }) => installed) }))
    .filter(({ levels }) => levels.length > 0)
  const set = ({ family, levels }: LevelGroup) => {
    const isUsed = levels.some(level => inUse.includes(level.name))
    return el(
      'div',
      { class: 'family' },
      el('p', family),
      ...levels.map(({ name: value, level, sizeBytes }) =>
        tick(name, value, isUsed, level, value, el('small', bytes(sizeBytes))),
      ),
    )
  }
  const nothing = el('p', { class: 'soft' }, 'None is installed.')
  return el('fieldset', el('legend', title), ...(families.length === 0 ? [nothing] : families.map(set)))
}

function tick(
  name: string,
  value: string,
  checked: boolean,
  text: string,
  title: string,
  ...more: HTMLElement[]
) {
  const box = el('input', { type: 'checkbox', name, value, checked })
  return el('label', { class: 'tick', title }, box, text, ...more)
}

/** Voices that the server speaks with, by their engine. */
function voiceBoxes(voices: readonly Voice[], inUse: string): HTMLElement {
  const spoken = voices.filter(({ name }) => name.includes(':'))
  const compared = comparedVoicesByDefault(inUse)
  const families = [...Map.groupBy(spoken, ({ name }) => name.slice(0, name.indexOf(':')))]
  return el(
    'fieldset',
    el('legend', 'Voices'),
    ...families.map(([family, some]) =>
      el(
        'div',
        { class: 'family' },
        el('p', family),
        ...some.map(({ name, description }) =>
          tick('voices', name, compared.includes(name), name.slice(family.length + 1), description),
        ),
      ),
    ),
  )
}

function field(label: string, input: HTMLElement): HTMLElement {
  return el('label', { class: 'field' }, el('span', label), input)
}

function amount(name: string, attributes: Record<string, string>): HTMLInputElement {
  return el('input', { type: 'number', inputmode: 'decimal', step: 'any', name, ...attributes })
}
