import './linkedTurn.css'
import './turns.css'
import type { StoredTurn } from '../../server/protocol/record.ts'
import type { Summary, TurnPage } from '../../server/protocol/turnQueries.ts'
import { counted, fixed } from '../../server/shared/figures.ts'
import { type Api, ApiError } from '../api.ts'
import { el } from '../dom.ts'
import { clockTime } from '../figures.ts'
import { saveBlob } from '../saveBlob.ts'
import { inWords, troubleBox } from '../trouble.ts'
import type { View } from '../view.ts'
import { createFilterForm } from './filterForm.ts'
import { newestFirst, type Sorting } from './recordWords.ts'
import { modelsIn, turnsIn } from './summaryFigures.ts'
import { createSummaryTable } from './summaryTable.ts'
import { addressedTurn, addressTurn } from './turnAddress.ts'
import { turnDetail } from './turnDetail.ts'
import { filterParameters, isEverything } from './turnFilters.ts'
import { turnsTable } from './turnsTable.ts'

const PAGE = 50
/** Any order but the record's own is of turns that are all here; more are not fetched for it. */
const MOST_TO_SORT = 2_000
const SORTING_PAGE = 500

/** The record: turns by model, level, outcome and time, what they sum up to, and each of them opened. */
export function createTurnsView(api: Api): View {
  const status = el('p', { class: 'status', role: 'status' })
  const place = el('div')
  const summary = createSummaryTable()
  const filters = createFilterForm(() => void load())
  const exporting = el('button', { type: 'button', onclick: () => void exportCsv() }, 'Export CSV')
  const more = el('button', { type: 'button', hidden: true, onclick: () => void loadMore() }, 'Show more')
  const element = el(
    'section',
    { class: 'place turns-view' },
    el('div', { class: 'heading' }, el('h1', 'Turns'), exporting),
    filters.element,
    summary.element,
    status,
    place,
    more,
  )

  let turns: StoredTurn[] = []
  let cursor: string | null = null
  let total = 0
  let sorting = newestFirst
  let loading = new AbortController()
  const open = new Set<string>()
  /** The one that the address names, where it is not among the others, and what is to be said of it. */
  let linked: StoredTurn | null = null
  let isMissing = false

  const parameters = () => filterParameters(filters.chosen(), Date.now())

  async function fetchPage(limit: number, signal: AbortSignal): Promise<void> {
    const query = parameters()
    query.set('limit', String(limit))
    if (cursor !== null) query.set('cursor', cursor)
    const page = await api.get<TurnPage>(`/v1/turns?${query}`, signal)
    turns = [...turns, ...page.items]
    cursor = page.nextCursor
  }

  async function fetchWhatSortingNeeds(signal: AbortSignal): Promise<void> {
    while (sorting !== newestFirst && cursor !== null && turns.length < MOST_TO_SORT) {
      await fetchPage(Math.min(SORTING_PAGE, MOST_TO_SORT - turns.length), signal)
    }
  }

  /** Runs one loading; the one before is given up. What goes wrong is said with a way to try again. */
  async function busy(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    loading.abort()
    loading = new AbortController()
    const { signal } = loading
    status.textContent = 'Loading …'
    element.setAttribute('aria-busy', 'true')
    try {
      await work(signal)
      render()
    } catch (error) {
      if (signal.aborted) return
      status.textContent = ''
      place.replaceChildren(troubleBox([inWords(error)], () => void load()))
      more.hidden = true
    }
    if (!signal.aborted) element.removeAttribute('aria-busy')
  }

  function load(): Promise<void> {
    return busy(async signal => {
      const query = parameters()
      query.set('groupBy', 'llmModel,speechModel')
      const known = api.get<Summary>('/v1/summary?groupBy=llmModel,speechModel', signal)
      const asked = isEverything(filters.chosen()) ? known : api.get<Summary>(`/v1/summary?${query}`, signal)
      turns = []
      cursor = null
      const [all, selected] = await Promise.all([known, asked, fetchPage(PAGE, signal)])
      filters.offer(modelsIn(all))
      total = turnsIn(selected)
      summary.show(selected)
      await fetchWhatSortingNeeds(signal)
      await fetchAddressed(signal)
    })
  }

  async function fetchAddressed(signal: AbortSignal): Promise<void> {
    const id = addressedTurn()
    linked = null
    isMissing = false
    if (id === null) return
    open.add(id)
    if (turns.some(({ turnId }) => turnId === id)) return
    try {
      linked = await api.get<StoredTurn>(`/v1/turns/${encodeURIComponent(id)}`, signal)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
      isMissing = true
    }
  }

  const loadMore = () => busy(signal => fetchPage(PAGE, signal))

  function sort(next: Sorting): void {
    sorting = next.key === newestFirst.key && next.ascending === newestFirst.ascending ? newestFirst : next
    void busy(fetchWhatSortingNeeds)
  }

  async function forget(turn: StoredTurn): Promise<void> {
    try {
      await api.send('DELETE', `/v1/turns/${turn.turnId}`)
      addressTurn(null)
      await load()
      status.textContent = `Deleted. ${status.textContent}`
      exporting.focus()
    } catch (error) {
      status.textContent = inWords(error)
    }
  }

  async function exportCsv(): Promise<void> {
    exporting.disabled = true
    try {
      const query = parameters()
      query.set('format', 'csv')
      saveBlob(
        await api.blob(`/v1/turns?${query}`),
        `quantvox-turns-${new Date().toISOString().slice(0, 10)}.csv`,
      )
    } catch (error) {
      status.textContent = inWords(error)
    }
    exporting.disabled = false
  }

  /** Builds the table anew, and leaves the focus where it was. */
  function render(): void {
    const focused = document.activeElement
    const key = focused instanceof HTMLElement && place.contains(focused) ? focused.dataset.key : undefined
    more.hidden = cursor === null || sorting !== newestFirst
    status.textContent = statusText()
    place.replaceChildren(
      ...(linked === null ? [] : [alone(linked)]),
      turns.length === 0
        ? emptiness()
        : turnsTable({
            ...{ turns, sorting, open, sort, forget },
            opened: (turnId, isOpen) => addressTurn(isOpen ? turnId : null),
          }),
    )
    if (key !== undefined) place.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus()
  }

  const alone = (turn: StoredTurn) =>
    el(
      'section',
      { class: 'linked' },
      el('h2', clockTime(turn.startedAt)),
      turnDetail(turn, () => forget(turn)),
    )

  function statusText(): string {
    if (isMissing) return 'There is no such turn; these are the others.'
    if (turns.length === 0) return ''
    if (cursor === null) return counted(turns.length, 'turn')
    const newest = `the newest ${fixed(turns.length, 0)} of ${counted(total, 'turn')}`
    return sorting === newestFirst
      ? `Showing ${newest}`
      : `Sorted among ${newest}; narrow the filters for others`
  }

  function emptiness(): HTMLElement {
    if (!isEverything(filters.chosen())) return el('p', { class: 'empty' }, 'No turn matches these filters.')
    return el(
      'p',
      { class: 'empty' },
      'No turns yet. ',
      el('a', { href: '#/talk' }, 'Talk to it'),
      ', and every turn shows up here with the time that each of its stages took.',
    )
  }

  /** To the one that the address names. */
  function seek(): void {
    const id = addressedTurn()
    if (id !== null)
      place.querySelector(`.linked, [data-key="${CSS.escape(`open ${id}`)}"]`)?.scrollIntoView()
  }

  addEventListener('hashchange', () => {
    if (element.isConnected && addressedTurn() !== null) void load().then(seek)
  })

  return {
    element,
    show: () => void load().then(seek),
    hide: () => loading.abort(),
  }
}
