import type { ErrorMessage } from '../../server/protocol/messages.ts'
import type { TurnRecord } from '../../server/protocol/record.ts'
import type { SessionSettings } from '../../server/protocol/socketServer.ts'
import type { TurnPage } from '../../server/protocol/turnQueries.ts'
import type { Api } from '../api.ts'
import { el } from '../dom.ts'
import type { Configured, ModelChoice, ModelPickers } from '../models/modelPickers.ts'
import type { Notices } from '../notices.ts'
import type { LatencyChart } from '../timing/latencyChart.ts'

const HISTORY_TURNS = 200

/** Beside the conversation: which models answer, and how long they took turn by turn. */
export function createSidePanel(api: Api, notices: Notices, switchTo: (choice: ModelChoice) => void) {
  const pickerRoot = el('section', { class: 'pickers', 'aria-label': 'Models' })
  const chartRoot = el('section', { class: 'latency', 'aria-label': 'Latency over the turns' })
  const element = el('aside', { class: 'side' }, chartRoot, pickerRoot)
  let pickers: ModelPickers | null = null
  let chart: LatencyChart | null = null
  let settings: SessionSettings | null = null
  /** Of turns that ended before the chart was there. */
  const records: TurnRecord[] = []

  async function load(): Promise<void> {
    const [{ createModelPickers }, { createLatencyChart }] = await Promise.all([
      import('../models/modelPickers.ts'),
      import('../timing/latencyChart.ts'),
    ])
    // Made anew, they ask the server anew.
    pickerRoot.replaceChildren()
    pickers = createModelPickers(pickerRoot, { api, switchTo })
    if (settings !== null) pickers.current(settings)
    chart ??= createLatencyChart(chartRoot)
    const history = await api.get<TurnPage>(`/v1/turns?limit=${HISTORY_TURNS}`)
    // A turn that ended meanwhile may be in both.
    const known = new Set(history.items.map(({ turnId }) => turnId))
    chart.setHistory([...history.items].reverse())
    for (const record of records) if (!known.has(record.turnId)) chart.add(record)
  }

  return {
    element,
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
