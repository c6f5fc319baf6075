import type { StoredTurn } from '../../server/protocol/record.ts'
import { levelName } from '../../server/shared/quantization.ts'
import { el, tableHead } from '../dom.ts'
import { clockTime, milliseconds } from '../figures.ts'
import { newestFirst, type Sorting, type SortKey, shortLevel, sorted } from './recordWords.ts'
import { turnDetail } from './turnDetail.ts'

type Column = { title: string; classes: string; sort?: SortKey; read(turn: StoredTurn): (Node | string)[] }

const columns: readonly Column[] = [
  {
    title: 'said',
    classes: 'said wide',
    read: ({ transcript }) => [transcript ? el('bdi', transcript) : '–'],
  },
  { title: 'speech', classes: 'wide', read: ({ speech }) => [shortLevel(speech.model)] },
  { title: 'answers', classes: 'wide', read: ({ llm }) => [llm.model ?? '–'] },
  {
    title: 'levels',
    classes: 'narrow',
    read: ({ speech, llm }) => [levelOf(speech), el('br'), levelOf(llm)],
  },
  figure('transcript', 'transcriptMs', 'wide'),
  figure('first token', 'firstTokenMs'),
  figure('first audio', 'firstAudioMs'),
  figure('reply done', 'replyDoneMs', 'wide'),
  { title: 'outcome', classes: 'outcome wide', read: ({ outcome, errorCode }) => [errorCode ?? outcome] },
]

const levelOf = ({ quantization }: { quantization: string | null }) => levelName(quantization) ?? '–'

function figure(title: string, sort: Exclude<SortKey, 'startedAt'>, classes = ''): Column {
  return {
    title,
    classes: `figures ${classes}`,
    sort,
    read: ({ fromSpeechEnd }) => [milliseconds(fromSpeechEnd[sort])],
  }
}

export type TurnsTableOptions = {
  turns: readonly StoredTurn[]
  sorting: Sorting
  /** Turns that are open, by id. */
  open: Set<string>
  opened(turnId: string, isOpen: boolean): void
  sort(sorting: Sorting): void
  forget(turn: StoredTurn): Promise<void>
}

/** The turns of the record; a turn's time opens it. */
export function turnsTable({ turns, sorting, open, opened, sort, forget }: TurnsTableOptions): HTMLElement {
  const heading = (title: string, classes: string, key: SortKey | undefined) => {
    if (key === undefined) return el('th', { scope: 'col', class: classes }, title)
    const isSorted = sorting.key === key
    // Times begin with the newest turn, figures with the slowest one.
    const next = { key, ascending: isSorted ? !sorting.ascending : false }
    return el(
      'th',
      {
        scope: 'col',
        class: classes,
        'aria-sort': isSorted ? (sorting.ascending ? 'ascending' : 'descending') : undefined,
      },
      el('button', { type: 'button', 'data-key': `sort ${key}`, onclick: () => sort(next) }, title),
    )
  }
  const rowsOf = (turn: StoredTurn) => {
    const time = el(
      'button',
      { type: 'button', 'data-key': `open ${turn.turnId}`, 'aria-expanded': String(open.has(turn.turnId)) },
      clockTime(turn.startedAt),
    )
    const row = el(
      'tr',
      { class: turn.outcome },
      el('th', { scope: 'row' }, time, ...(turn.outcome === 'completed' ? [] : [outcomeBelow(turn)])),
      ...columns.map(({ classes, read }) => el('td', { class: classes }, ...read(turn))),
    )
    const detail = el('tr', { class: 'detail' })
    const show = () => {
      const isOpen = open.has(turn.turnId)
      time.setAttribute('aria-expanded', String(isOpen))
      row.classList.toggle('open', isOpen)
      detail.hidden = !isOpen
      if (isOpen && detail.childElementCount === 0)
        detail.append(
          el(
            'td',
            { colspan: columns.length + 1 },
            turnDetail(turn, () => forget(turn)),
          ),
        )
    }
    row.addEventListener('click', () => {
      if (!open.delete(turn.turnId)) open.add(turn.turnId)
      show()
      opened(turn.turnId, open.has(turn.turnId))
    })
    show()
    return [row, detail]
  }
  const isOwnOrder = sorting.key === newestFirst.key && sorting.ascending === newestFirst.ascending
  return el(
    'table',
    { class: 'ledger record' },
    el('caption', { class: 'unseen' }, 'Recorded turns, times in milliseconds from speech end'),
    tableHead(
      heading('time', '', 'startedAt'),
      ...columns.map(({ title, classes, sort }) => heading(title, classes, sort)),
    ),
    el('tbody', ...(isOwnOrder ? turns : sorted(turns, sorting)).flatMap(rowsOf)),
  )
}

/** Where there is no room for its column. */
function outcomeBelow({ outcome, errorCode }: StoredTurn): HTMLElement {
  return el('span', { class: 'outcome narrow' }, errorCode ?? outcome)
}
