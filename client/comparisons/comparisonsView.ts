import './comparisons.css'
import type {
  ComparisonList,
  ComparisonRequest,
  ComparisonStatus,
} from '../../server/protocol/comparisons.ts'
import { isOver } from '../../server/shared/comparisons.ts'
import { type Api, ApiError } from '../api.ts'
import { el } from '../dom.ts'
import { inWords, troubleBox } from '../trouble.ts'
import type { View } from '../view.ts'
import { followRun } from './following.ts'
import { runsList } from './runsList.ts'
import { createRunView } from './runView.ts'
import { createStartForm } from './startForm.ts'

const HASH = '#/comparisons'
const explanation =
  'The lab puts quantization levels of both models side by side on this machine, in speed, memory and accuracy, and says which to run.'

/** The lab: its runs, starting one, and one of them opened (`#/comparisons/ID`). */
export function createComparisonsView(api: Api): View {
  const place = el('div', { class: 'lab' })
  const element = el(
    'section',
    { class: 'place comparisons-view' },
    el('h1', 'Comparisons'),
    el('p', { class: 'soft' }, explanation),
    place,
  )
  let shown = new AbortController()

  const openId = () => (location.hash.startsWith(`${HASH}/`) ? location.hash.slice(HASH.length + 1) : null)

  async function show(): Promise<void> {
    shown.abort()
    shown = new AbortController()
    const { signal } = shown
    element.setAttribute('aria-busy', 'true')
    try {
      const { items, unseen } = await api.get<ComparisonList>('/v1/comparisons', signal)
      const id = openId()
      const run = items.find(item => item.id === id)
      if (run !== undefined) showRun(run, signal)
      else showList(items, id, unseen?.message)
    } catch (error) {
      if (signal.aborted) return
      const isMissing = error instanceof ApiError && error.code === 'not_found'
      place.replaceChildren(
        isMissing
          ? el('p', { class: 'empty' }, 'This server has no lab.')
          : troubleBox([inWords(error)], () => void show()),
      )
    }
    element.removeAttribute('aria-busy')
  }

  function showList(runs: ComparisonStatus[], missing: string | null, unseen = ''): void {
    const form = el(
      'details',
      { class: 'starting', open: runs.length === 0 },
      el('summary', 'New comparison'),
      createStartForm(api, start),
    )
    const lost =
      missing === null
        ? []
        : [el('p', { class: 'trouble', role: 'alert' }, `There is no comparison ${missing}.`)]
    const others =
      unseen === '' ? [] : [el('p', { class: 'warning' }, `Those of other servers are not here. ${unseen}`)]
    place.replaceChildren(...lost, ...others, form, ...(runs.length === 0 ? [] : [runsList(runs)]))
  }

  function showRun(run: ComparisonStatus, signal: AbortSignal): void {
    const path = `/v1/comparisons/${run.id}`
    const view = createRunView(api, run, {
      async stop() {
        await api.send('DELETE', path)
        // A run that is cancelled says so by its events; one that is forgotten is not here any more.
        if (isOver(run)) location.hash = HASH
      },
      async resume() {
        await api.send('POST', `${path}/resume`)
        void show()
      },
    })
    place.replaceChildren(view.element)
    view.element.querySelector('h2')?.focus()
    if (isOver(run)) void view.ended(run)
    else void watch(run, view, signal)
  }

  async function watch(
    run: ComparisonStatus,
    view: ReturnType<typeof createRunView>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await followRun(api, run.id, view.progress, signal)
      const { items } = await api.get<ComparisonList>('/v1/comparisons', signal)
      const last = items.find(({ id }) => id === run.id)
      if (last === undefined) return void show()
      Object.assign(run, last)
      await view.ended(last)
    } catch (error) {
      if (!signal.aborted) place.append(troubleBox([inWords(error)], () => void show()))
    }
  }

  async function start(request: ComparisonRequest): Promise<void> {
    const { id } = await api.send<ComparisonStatus>('POST', '/v1/comparisons', request)
    location.hash = `${HASH}/${id}`
  }

  const onHash = () => {
    if (location.hash.startsWith(HASH)) void show()
  }

  return {
    element,
    show() {
      addEventListener('hashchange', onHash)
      void show()
    },
    hide() {
      removeEventListener('hashchange', onHash)
      shown.abort()
    },
  }
}
