import type { ErrorMessage } from '../../server/protocol/messages.ts'
import type { TurnRecord } from '../../server/protocol/record.ts'
import type { SessionSettings } from '../../server/protocol/socketServer.ts'
import type { TurnPage } from '../../server/protocol/turnQueries.ts'
import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import { createLevelChip, stepOf } from '../models/levelChip.ts'
import type { Configured, ModelChoice, ModelPickers } from '../models/modelPickers.ts'
import type { Notices } from '../notices.ts'
import type { LatencyChart } from '../timing/latencyChart.ts'

const HISTORY_TURNS = 200

/** Where there is room for it beside the conversation; elsewhere it is a sheet that the chip opens. As in talk.css. */
const hasRoom = matchMedia('(min-width: 64rem)')

/**
 * Beside the conversation: which models answer, and what that cost turn by turn. The pickers come first, and nothing that comes
 * later moves them. The levels in use are a chip that goes where one talks.
 */
export function createSidePanel(api: Api, notices: Notices, switchTo: (choice: ModelChoice) => void) {
  const pickerRoot = el('section', { class: 'pickers', 'aria-label': 'Models' })
  const chartRoot = el('section', { class: 'latency', 'aria-label': 'What the turns cost' })
  const closing = el('button', { class: 'close', type: 'button', onclick: () => setOpen(false) }, 'Close')
  const element = el('aside', { class: 'side', 'aria-label': 'Levels' }, closing, pickerRoot, chartRoot)
  const chip = createLevelChip(() => {
    if (hasRoom.matches) pickers?.focus()
    else setOpen(!element.classList.contains('open'))
  })
  let pickers: ModelPickers | null = null
  let chart: LatencyChart | null = null
  let settings: SessionSettings | null = null
  /** Of turns that ended before the chart was there. */
  const records: TurnRecord[] = []

  function setOpen(isOpen: boolean): void {
    element.classList.toggle('open', isOpen)
    chip.expanded(isOpen)
    if (isOpen) pickers?.focus()
    else chip.button.focus()
  }

  async function load(): Promise<void> {
    const [{ createModelPickers }, { createLatencyChart }] = await Promise.all([
      import('../models/modelPickers.ts'),
      import('../timing/latencyChart.ts'),
    ])
    // Made anew, they ask the server anew.
    pickerRoot.replaceChildren()
    pickers = createModelPickers(pickerRoot, { api, switchTo, levels: chip.show, said: chip.say })
    if (settings !== null) pickers.current(settings)
    // What comes below them comes after them.
    await pickers.ready
    chart ??= createLatencyChart(chartRoot, api)
    const history = await api.get<TurnPage>(`/v1/turns?limit=${HISTORY_TURNS}`)
    // A turn that ended meanwhile may be in both.
    const known = new Set(history.items.map(({ turnId }) => turnId))
    chart.setHistory([...history.items].reverse())
    for (const record of records) if (!known.has(record.turnId)) chart.add(record)
  }

  element.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !element.classList.contains('open')) return
    event.stopPropagation()
    setOpen(false)
  })
  document.addEventListener('keydown', event => {
    const step = stepOf(event)
    const isTyped =
      event.target instanceof Element && event.target.closest('input[type=text], textarea, select, dialog')
    if (step === null || isTyped || !element.isConnected) return
    event.preventDefault()
    pickers?.step(step.setting, step.direction)
  })

  return {
    element,
    chip: chip.element,
    /** Fetches its parts, the models and the turns so far; the page talks without it. */
    load,
    current(next: SessionSettings): void {
      settings = next
      pickers?.current(next)
    },
    configured(message: Configured): void {
      settings = message.settings
      pickers?.configured(message)
    },
    failed(message: ErrorMessage): void {
      if (pickers === null) notices.failure(message.message, message.mend ?? '')
      else pickers.failed(message)
    },
    over(record: TurnRecord): void {
      records.push(record)
      chart?.add(record)
    },
  }
}
