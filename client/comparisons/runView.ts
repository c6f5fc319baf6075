import type { ComparisonProgress, ComparisonStatus } from '../../server/protocol/comparisons.ts'
import { shareDone } from '../../server/shared/comparisons.ts'
import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import { clockTime, span } from '../figures.ts'
import { saveBlob } from '../saveBlob.ts'
import { inWords, troubleBox } from '../trouble.ts'
import { requestInWords } from './comparisonRequest.ts'
import { reportDocument } from './reportDocument.ts'

const formats = { html: 'Page', md: 'Markdown', csv: 'CSV', json: 'JSON' } as const

export type RunActions = {
  /** Cancels it, or forgets it once it is over. */
  stop(): Promise<void>
  /** Goes on with one that did not get to its end. */
  resume(): Promise<void>
}

/** One run: its progress while it runs, its report afterwards. */
export function createRunView(api: Api, status: ComparisonStatus, { stop, resume }: RunActions) {
  const { id } = status
  const file = (format: string) => `/v1/comparisons/${id}?format=${format}`
  const bar = el('progress', { max: 1, 'aria-label': 'Progress of the comparison' })
  const step = el('p', { role: 'status' })
  const time = el('p', { class: 'soft figures' })
  const cancelling = el('button', { type: 'button', onclick: () => void act(cancelling, stop) }, 'Cancel')
  const watching = el('div', { class: 'watching' }, bar, step, time, cancelling)
  const trouble = el('div')
  const report = el('div')
  const actions = el('div', { class: 'actions', hidden: true })
  const element = el(
    'section',
    { class: 'run', 'aria-label': 'Comparison' },
    el(
      'div',
      { class: 'heading' },
      el('h2', { tabindex: -1 }, clockTime(status.startedAt)),
      el('a', { href: '#/comparisons' }, 'All comparisons'),
    ),
    el(
      'p',
      { class: 'soft' },
      requestInWords(status.request),
      status.replicaId ? `, on ${status.replicaId}` : '',
    ),
    watching,
    actions,
    trouble,
    report,
  )

  async function act(button: HTMLButtonElement, work: () => Promise<void>): Promise<void> {
    button.disabled = true
    trouble.replaceChildren()
    try {
      await work()
    } catch (error) {
      trouble.replaceChildren(el('p', { class: 'trouble', role: 'alert' }, inWords(error)))
    }
    button.disabled = false
  }

  /** How far it is; without building anything anew. */
  function progress(now: ComparisonProgress): void {
    const share = shareDone(now)
    if (share === null) bar.removeAttribute('value')
    else bar.value = share
    step.textContent = `${now.phase}: ${now.what}`
    const left = now.remainingMs === null ? '' : `, about ${span(now.remainingMs)} left`
    time.textContent = `step ${now.doneSteps} of ${now.totalSteps}, ${span(now.elapsedMs)} so far${left}`
  }

  /** It is over, or was when it was opened: shows the report. */
  async function ended(last: ComparisonStatus): Promise<void> {
    watching.hidden = true
    if (last.error !== null) {
      const { message, mend } = last.error
      trouble.replaceChildren(el('p', { class: 'trouble' }, [message, mend].filter(Boolean).join(' ')))
    }
    await showReport(last)
  }

  async function showReport(last: ComparisonStatus): Promise<void> {
    report.replaceChildren(el('p', { class: 'soft', role: 'status' }, 'Loading the report …'))
    let hasReport = false
    try {
      const html = await (await api.blob(file('html'))).text()
      hasReport = true
      const partial = last.state === 'done' ? [] : [el('p', { class: 'warning' }, endedEarly(last))]
      report.replaceChildren(...partial, reportDocument(html))
    } catch (error) {
      report.replaceChildren(troubleBox([inWords(error)], () => void showReport(last)))
    }
    const download = async (format: string) =>
      saveBlob(await api.blob(file(format)), `quantvox-comparison-${id}.${format}`)
    const downloads = Object.entries(formats).map(([format, text]) => action(text, () => download(format)))
    actions.replaceChildren(
      ...(hasReport ? [el('span', { class: 'soft' }, 'Download'), ...downloads] : []),
      ...(last.state === 'done' ? [] : [action('Go on with it', resume)]),
      forgetting(),
    )
    actions.hidden = false
  }

  /** What it measured is gone for good, so it takes a second press. */
  function forgetting(): HTMLElement {
    const place = el('span', { class: 'forgetting' })
    const ask = el('button', { type: 'button', class: 'small' }, 'Forget this run')
    ask.addEventListener('click', () => {
      const keep = el('button', { type: 'button', class: 'small' }, 'Keep it')
      keep.addEventListener('click', () => {
        place.replaceChildren(ask)
        ask.focus()
      })
      place.replaceChildren(action('Forget it for good', stop), ' ', keep)
      keep.focus()
    })
    place.append(ask)
    return place
  }

  function action(text: string, work: () => Promise<void>): HTMLButtonElement {
    const button = el(
      'button',
      { type: 'button', class: 'small', onclick: () => void act(button, work) },
      text,
    )
    return button
  }

  if (status.progress !== null) progress(status.progress)
  else step.textContent = status.state === 'queued' ? 'Waiting for its turn' : 'Starting'
  return { element, progress, ended }
}

function endedEarly({ state }: ComparisonStatus): string {
  return `This run ${state === 'failed' ? 'failed' : `was ${state}`}: the report is of what it had.`
}
