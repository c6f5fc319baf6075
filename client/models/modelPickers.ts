import './modelPickers.css'
import type { ServerInfo } from '../../server/protocol/info.ts'
import type { ErrorMessage } from '../../server/protocol/messages.ts'
import type { LanguageModel, SpeechModel, Voice } from '../../server/protocol/models.ts'
import type { SessionSettings } from '../../server/protocol/socketServer.ts'
import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import { inWords, troubleBox } from '../trouble.ts'
import { levelTable, updateProgress } from './levelTable.ts'
import { type LevelGroup, languageGroups, levelNamed, speechGroups, steppedLevel } from './modelGroups.ts'
import { cancelPull, type PullState, pull, removeModel } from './pulling.ts'
import { type Configured, choiceInWords, type ModelChoice, switchCost } from './switchCost.ts'
import { voiceInWords, voiceSelect } from './voiceSelect.ts'

export type { Configured, ModelChoice }

export type ModelPickersOptions = {
  api: Api
  /** Asks the session for it; `configured` or `failed` tells how that went. Without a session, the next one begins with it. */
  switchTo(choice: ModelChoice): void
  /** Which levels are in use, or on their way; null where there is no such model yet. */
  levels(shown: ShownLevels): void
  /** What to say of a switch. */
  said(text: string): void
}

export type ShownLevels = { llm: string | null; speech: string | null; isSwitching: boolean }

export type ModelPickers = ReturnType<typeof createModelPickers>

/** Who goes through the levels by arrow keys loads only the one where they stay. */
const SETTLE_MS = 350
/** What the engines hold changes by itself; it is asked again when somebody looks, at most so often. */
const FRESH_MS = 5_000

type Kind = 'language' | 'speech'
type Lists = { language: LevelGroup[]; speech: LevelGroup[]; voices: Voice[] }
type Setting = keyof ModelChoice

/** Pickers for LLM tag, speech level and voice, with what each takes, and pulling of those that are not here. */
export function createModelPickers(root: HTMLElement, { api, switchTo, levels, said }: ModelPickersOptions) {
  const status = el('p', { class: 'status' })
  const language = el('fieldset', el('legend', 'Answers'))
  const speech = el('fieldset', el('legend', 'Speech'))
  const voice = el('div', { class: 'voice' })
  const trouble = el('div')
  const pickers = el(
    'section',
    // They come whole, so that nothing of them moves.
    { class: 'model-pickers', 'aria-label': 'Models and voice', hidden: true },
    ...[language, speech, voice, status, trouble],
  )
  root.append(pickers)

  let inUse: Partial<Record<Setting, string | null>> = {}
  let hasSession = false
  let wanted: ModelChoice = {}
  let lists: Lists = { language: [], speech: [], voices: [] }
  let askedAt = Number.NEGATIVE_INFINITY
  let settling: ReturnType<typeof setTimeout> | undefined
  const pulls = new Map<string, PullState>()
  const opened = new Set<Kind>()
  let removing: string | null = null
  let isRemoving = false

  const chosen = (setting: Setting) => wanted[setting] ?? inUse[setting] ?? null

  async function refresh(): Promise<void> {
    askedAt = performance.now()
    const items = async <T>(path: string) => (await api.get<{ items: T[] }>(path)).items
    const [info, tags, speechLevels, voices] = await Promise.allSettled([
      hasSession ? null : api.get<ServerInfo>('/v1/info'),
      items<LanguageModel>('/v1/models/language'),
      items<SpeechModel>('/v1/models/speech'),
      items<Voice>('/v1/voices'),
    ])
    const before = JSON.stringify([lists, inUse])
    // What one engine cannot say now keeps what it said before; the others are shown.
    lists = {
      language: tags.status === 'fulfilled' ? languageGroups(tags.value) : lists.language,
      speech: speechLevels.status === 'fulfilled' ? speechGroups(speechLevels.value) : lists.speech,
      voices: voices.status === 'fulfilled' ? voices.value : lists.voices,
    }
    if (!hasSession && info.status === 'fulfilled' && info.value !== null) inUse = info.value.defaults
    const reasons = [info, tags, speechLevels, voices].flatMap(result =>
      result.status === 'rejected' ? [inWords(result.reason)] : [],
    )
    const different = [...new Set(reasons)]
    trouble.replaceChildren(...(different.length === 0 ? [] : [troubleBox(different, () => void refresh())]))
    // Rows that are built anew while somebody presses one would lose the press.
    if (pickers.hidden || JSON.stringify([lists, inUse]) !== before) render()
    pickers.hidden = false
  }

  function refreshIfOld(): void {
    if (performance.now() - askedAt > FRESH_MS) void refresh()
  }

  function choose(setting: Setting, name: string): void {
    wanted = { ...wanted, [setting]: name }
    tellLevels()
    clearTimeout(settling)
    settling = setTimeout(() => {
      const changed = Object.entries(wanted).filter(([key, value]) => inUse[key as Setting] !== value)
      // The last `configure` wins, so one that is under way is taken back by asking for what was in use.
      const choice: ModelChoice = changed.length > 0 ? Object.fromEntries(changed) : { [setting]: name }
      const names = choiceInWords(choice)
      say(hasSession ? `Switching to ${names} …` : `The first turn will use ${names}.`)
      switchTo(choice)
    }, SETTLE_MS)
  }

  async function startPull(kind: Kind, name: string): Promise<void> {
    const tell = (state: PullState) => {
      const before = pulls.get(name)
      pulls.set(name, state)
      if (state.state === 'running' && before?.state === 'running')
        updateProgress(pickers, name, state.progress)
      else render()
      if (state.state === 'failed') say(`${name} could not be pulled.`)
      if (state.state === 'cancelled') say(`${name} is not fetched any more; what came is kept.`)
    }
    tell({ state: 'running', progress: { status: 'starting', completedBytes: null, totalBytes: null } })
    if (!(await pull(api, kind, { name }, tell))) return
    say(`${name} is here.`)
    await refresh()
    pulls.delete(name)
    render()
  }

  function askToRemove(name: string | null): void {
    const asked = removing
    removing = name
    render()
    // The button that was pressed is gone.
    focusOn(name === null ? `remove ${asked}` : `keep ${name}`)
  }

  async function remove(kind: Kind, name: string): Promise<void> {
    // The second click of two.
    if (isRemoving) return
    isRemoving = true
    try {
      await removeModel(api, kind, name)
      say(`${name} is removed.`)
      await refresh()
    } catch (error) {
      say(inWords(error))
    }
    isRemoving = false
    removing = null
    render()
    focusOn(`pull ${name}`)
  }

  const focusOn = (key: string) =>
    pickers.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus()

  function pickerOf(kind: Kind, setting: Setting, groups: LevelGroup[]): HTMLElement[] {
    const options = {
      group: setting,
      chosen: chosen(setting),
      pulls,
      choose: (name: string) => choose(setting, name),
      pull: (name: string) => void startPull(kind, name),
      cancel: (name: string) =>
        void cancelPull(api, kind, name).catch((error: unknown) => say(inWords(error))),
      ...{ removing, askToRemove },
      remove: (name: string) => void remove(kind, name),
    }
    const isUsed = ({ levels }: LevelGroup) => levels.some(({ name }) => name === options.chosen)
    const first = groups.filter(isUsed)
    const others = groups.filter(group => !isUsed(group))
    const isOpen = opened.has(kind) || first.length === 0
    const toggle = () => {
      if (!opened.delete(kind)) opened.add(kind)
      render()
    }
    return [
      ...first.map(group => levelTable(group, options)),
      ...(others.length === 0 || first.length === 0
        ? []
        : [
            el(
              'button',
              {
                type: 'button',
                class: 'quiet small',
                'data-key': `more ${kind}`,
                'aria-expanded': String(isOpen),
                onclick: toggle,
              },
              isOpen ? 'Hide other models' : `Other models (${others.length})`,
            ),
          ]),
      ...(isOpen ? others.map(group => levelTable(group, options)) : []),
    ]
  }

  /** Builds the tables anew, and leaves the focus where it was. */
  function render(): void {
    const focused = document.activeElement
    const key = focused instanceof HTMLElement && pickers.contains(focused) ? focused.dataset.key : undefined
    language.replaceChildren(el('legend', 'Answers'), ...pickerOf('language', 'llmModel', lists.language))
    speech.replaceChildren(el('legend', 'Speech'), ...pickerOf('speech', 'speechModel', lists.speech))
    voice.replaceChildren(voiceSelect(lists.voices, chosen('voice'), name => choose('voice', name)))
    if (key !== undefined) focusOn(key)
    tellLevels()
  }

  function say(text: string): void {
    status.textContent = text
    said(text)
  }

  function tellLevels(): void {
    const { llmModel, speechModel } = wanted
    levels({
      llm: levelNamed(lists.language, chosen('llmModel')),
      speech: levelNamed(lists.speech, chosen('speechModel')),
      isSwitching: hasSession && (llmModel !== undefined || speechModel !== undefined),
    })
  }

  function settled(text: string): void {
    wanted = {}
    say(text)
    render()
  }

  pickers.addEventListener('pointerenter', refreshIfOld)
  pickers.addEventListener('focusin', refreshIfOld)
  const ready = refresh()

  return {
    /** What there is was asked for, and is shown. */
    ready,
    /** The next level of the model in use, of more bytes or of fewer. */
    step(setting: 'llmModel' | 'speechModel', direction: 'up' | 'down'): void {
      const groups = setting === 'llmModel' ? lists.language : lists.speech
      const next = steppedLevel(groups, chosen(setting), direction)
      if (next === null) return
      choose(setting, next)
      render()
    },
    focus: (): void => pickers.querySelector<HTMLElement>('input:checked')?.focus(),
    /** What the session uses now: from `ready`, and before a session what the server uses by default. */
    current({ llmModel, speechModel, voice }: SessionSettings): void {
      hasSession = true
      inUse = { llmModel, speechModel, voice }
      settled('')
      refreshIfOld()
    },
    configured(message: Configured): void {
      const { llmModel, speechModel, voice } = message.settings
      const voiceChanged = voice === inUse.voice ? '' : `From now on ${voiceInWords(voice)}.`
      inUse = { llmModel, speechModel, voice }
      settled([switchCost(message), voiceChanged].filter(part => part !== '').join(' '))
      void refresh()
    },
    /** The error of a `configure`. */
    failed({ message, mend }: ErrorMessage): void {
      settled([message, mend].filter(part => part !== undefined).join(' '))
    },
  }
}
