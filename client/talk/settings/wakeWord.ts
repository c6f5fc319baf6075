import type { WakeWordModel } from '../../../server/protocol/models.ts'
import type { Api } from '../../api.ts'
import { el } from '../../dom.ts'
import type { TalkSettings } from '../talkSettings.ts'
import { row, slider } from './rows.ts'

export type WakeWordOptions = {
  api: Api
  settings(): TalkSettings
  /** What the server waits for where nothing is set here; null while unknown. */
  serverDefault(): { phrase: string; threshold: number } | null
  change(settings: Partial<TalkSettings>): void
  /** The list of wake words cannot be had. */
  failed(error: unknown): void
}

/** What is said for `hey-jarvis`. */
export const spokenPhrase = (name: string): string =>
  name
    .split('-')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ')

/** Which words wake a session, and how sure it has to be; their licences are shown, and accepted here before they are fetched. */
export function createWakeWord({ api, settings, serverDefault, change, failed }: WakeWordOptions) {
  let words: WakeWordModel[] = []
  const phrase = el('select', {
    id: 'setting-wake-word',
    onchange: () => void choose(phrase.value),
  })
  const threshold = slider('setting-wake-threshold', 5, 95, 5, value =>
    change({ wakeThreshold: value / 100 }),
  )
  const licence = createLicenceDialog(api)

  const chosen = () => settings().wakePhrase ?? serverDefault()?.phrase ?? 'hey-jarvis'

  async function load(): Promise<void> {
    const { items } = await api.get<{ items: WakeWordModel[] }>('/v1/models/wake')
    words = items
  }

  function show(): void {
    const names = new Set([...words.map(({ name }) => name), chosen()])
    phrase.replaceChildren(
      ...[...names].map(name =>
        el('option', { value: name, selected: name === chosen() }, spokenPhrase(name)),
      ),
    )
    const percent = 100 * (settings().wakeThreshold ?? serverDefault()?.threshold ?? 0.5)
    threshold.show(percent, value => `${value} %`)
  }

  /** Whether it is here; asks whether its licence is accepted, and fetches it, where it is not. */
  async function isThere(name: string): Promise<boolean> {
    try {
      await load()
    } catch (error) {
      failed(error)
      return false
    }
    const word = words.find(known => known.name === name)
    // Of one that is not listed the server says what is wrong.
    return word === undefined || word.installed || (await licence.ask(word))
  }

  async function choose(name: string): Promise<void> {
    if (await isThere(name)) change({ wakePhrase: name })
    show()
  }

  return {
    rows: [
      row('setting-wake-word', 'Wake it with', phrase),
      row('setting-wake-threshold', 'If it is as sure as', threshold.element),
    ],
    dialog: licence.element,
    show(): void {
      show()
      load().then(show, failed)
    },
    /** Whether the one that is chosen can be waited for; asks for what that takes. */
    ensure: () => isThere(chosen()),
  }
}

/** Shows the licence of a wake word, and fetches it where that is accepted. */
function createLicenceDialog(api: Api) {
  const title = el('h2', { id: 'licence-title' })
  const about = el('p')
  const link = el('a', { target: '_blank', rel: 'noreferrer' }, 'Read the licence')
  const status = el('p', { role: 'status' })
  const accept = el('button', { class: 'primary', type: 'button' }, 'Accept and fetch')
  const element = el(
    'dialog',
    { class: 'licence', 'aria-labelledby': 'licence-title' },
    el(
      'form',
      { method: 'dialog' },
      ...[title, about, el('p', link), status],
      el('div', { class: 'actions' }, el('button', { value: 'cancel' }, 'Cancel'), accept),
    ),
  )

  async function fetchIt({ name, licence }: WakeWordModel): Promise<boolean> {
    accept.disabled = true
    status.textContent = 'Fetching …'
    const { pull } = await import('../../models/pulling.ts')
    const isHere = await pull(api, 'wake', { name, acceptLicence: licence }, told => {
      status.textContent =
        told.state === 'failed' ? [told.message, told.mend].filter(Boolean).join(' ') : 'Fetching …'
    })
    accept.disabled = false
    return isHere
  }

  return {
    element,
    /** Resolves to whether it is here now. */
    ask(word: WakeWordModel): Promise<boolean> {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      title.textContent = `Wake it with “${spokenPhrase(word.name)}”`
      about.textContent = `What hears this phrase has to be fetched first. It comes under the licence ${word.licence}. ${word.licenceMeans ?? ''}`
      link.href = word.licenceUrl ?? ''
      status.textContent = ''
      let isHere = false
      accept.onclick = async () => {
        isHere = await fetchIt(word)
        if (isHere) element.close()
      }
      element.onclose = () => resolve(isHere)
      element.showModal()
      return promise
    },
  }
}
