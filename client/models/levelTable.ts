import { column, el, tableHead } from '../dom.ts'
import { bytes, percent } from '../figures.ts'
import { isUsable, type Level, type LevelGroup } from './modelGroups.ts'
import { type PullState, progressInWords, shareDone } from './pulling.ts'

export type LevelTableOptions = {
  /** Of the radio buttons. */
  group: string
  /** The level in use, or the one that was asked for. */
  chosen: string | null
  pulls: ReadonlyMap<string, PullState>
  choose(name: string): void
  pull(name: string): void
  cancel(name: string): void
  /** The level of which it is asked whether it shall go. */
  removing: string | null
  /** Asks; null takes the question back. */
  askToRemove(name: string | null): void
  remove(name: string): void
}

/** The levels of one model as a table of radio buttons, each with what it takes; those that are not here can be pulled. */
export function levelTable(
  { family, parameterSize, licence, levels }: LevelGroup,
  options: LevelTableOptions,
): HTMLElement {
  const hasGpu = levels.some(({ gpuShare }) => gpuShare !== undefined)
  const largest = Math.max(1, ...levels.map(({ sizeBytes }) => sizeBytes ?? 0))
  return el(
    'table',
    { class: 'levels' },
    el(
      'caption',
      family,
      ...[parameterSize && `${parameterSize} parameters`, licence].flatMap(text =>
        text ? [' ', el('small', text)] : [],
      ),
    ),
    tableHead(
      column('level'),
      column('on disk', 'figures'),
      column('in memory', 'figures'),
      ...(hasGpu ? [column('on GPU', 'figures')] : []),
    ),
    el('tbody', ...levels.map(level => levelRow(level, largest, hasGpu, options))),
  )
}

function levelRow(level: Level, largest: number, hasGpu: boolean, options: LevelTableOptions): HTMLElement {
  const { name, sizeBytes, installed, loaded, residentBytes, gpuShare, remote = null } = level
  const radio = el('input', {
    type: 'radio',
    name: options.group,
    value: name,
    'data-key': `choose ${name}`,
    checked: name === options.chosen,
    disabled: !isUsable(level),
    onchange: () => options.choose(name),
  })
  const first = el('th', { scope: 'row' }, el('label', { title: name }, radio, ' ', level.level))
  if (!installed) {
    const rest = el(
      'td',
      { colspan: hasGpu ? 3 : 2, class: 'missing' },
      ...expectations(level),
      pullCell(name, level.level, options),
    )
    return el('tr', first, rest)
  }
  if (options.removing === name) {
    return el(
      'tr',
      first,
      el('td', { colspan: hasGpu ? 3 : 2, class: 'missing' }, ...removalQuestion(level, options)),
    )
  }
  const bar = el('span', { class: 'size', 'aria-hidden': 'true' })
  bar.style.setProperty('width', `${((sizeBytes ?? 0) / largest) * 100}%`)
  const row = el(
    'tr',
    { class: loaded ? 'loaded' : '' },
    first,
    el('td', { class: 'figures' }, bar, bytes(sizeBytes)),
    el(
      'td',
      { class: 'figures' },
      loaded
        ? bytes(residentBytes)
        : el('span', { class: 'soft' }, remote === null ? 'not loaded' : 'runs elsewhere'),
      ...(loaded || radio.checked ? [] : [' ', removeButton(level, options)]),
    ),
    ...(hasGpu ? [el('td', { class: 'figures' }, percent(gpuShare ?? null))] : []),
  )
  row.addEventListener('click', event => {
    if (!(event.target as Element).closest('label, button')) radio.click()
  })
  return row
}

/** What is to be expected of a level before it is fetched: disk, memory, speed, and where that figure is from. */
function expectations({ sizeBytes, fit }: Level): HTMLElement[] {
  if (fit === undefined)
    return sizeBytes === null ? [] : [el('div', { class: 'soft expected' }, `${bytes(sizeBytes)} `)]
  const { neededBytes, fits, tokensPerSecond, tokensPerSecondIs: is, tokensPerSecondFrom: from } = fit
  const memory = `${bytes(neededBytes)} of memory${fits ? ', fits' : ', does not fit here'}`
  const bound = { measured: '', about: 'about ', 'at-least': 'at least ', 'at-most': 'at most ' }[is]
  const rate = `${bound}${Number(tokensPerSecond.toPrecision(2))} tokens/s`
  const source =
    is === 'measured'
      ? 'measured here'
      : from === null
        ? "by the memory's bandwidth"
        : `by the speed of ${from}`
  return [el('div', { class: 'soft expected' }, `${bytes(sizeBytes)}, ${memory}, ${rate} (${source}) `)]
}

function removeButton({ name, level }: Level, { askToRemove }: LevelTableOptions): HTMLElement {
  return el(
    'button',
    {
      ...{ type: 'button', class: 'quiet small', 'data-key': `remove ${name}` },
      ...{ 'aria-label': `Remove ${level}, ${name}`, onclick: () => askToRemove(name) },
    },
    'Remove',
  )
}

/** It takes a second press: fetching it again may take long, and is not always possible. */
function removalQuestion({ name, level, sizeBytes }: Level, options: LevelTableOptions): HTMLElement[] {
  const action = (key: string, text: string, onclick: () => void) =>
    el('button', { type: 'button', class: 'small', 'data-key': `${key} ${name}`, onclick }, text)
  return [
    el('div', `Remove ${level} from the disk? That frees ${bytes(sizeBytes)}.`),
    el(
      'div',
      action('really remove', 'Remove it', () => options.remove(name)),
      ' ',
      action('keep', 'Keep it', () => options.askToRemove(null)),
    ),
  ]
}

function pullCell(name: string, level: string, options: LevelTableOptions): HTMLElement {
  const state = options.pulls.get(name)
  const button = (text: string) =>
    el(
      'button',
      {
        type: 'button',
        class: 'small',
        'data-key': `pull ${name}`,
        'aria-label': `${text} ${level}, ${name}`,
        onclick: () => options.pull(name),
      },
      text,
    )
  if (state === undefined || state.state === 'cancelled') return button('Pull')
  if (state.state === 'failed') {
    const why = [state.message, state.mend].filter(part => part !== undefined).join(' ')
    return el('div', { class: 'failed' }, el('span', why), button('Try again'))
  }
  const cancelling = el(
    'button',
    {
      ...{ type: 'button', class: 'small', 'data-key': `cancel ${name}` },
      ...{ 'aria-label': `Cancel ${level}, ${name}`, onclick: () => options.cancel(name) },
    },
    'Cancel',
  )
  const progress = el('div', { class: 'pulling', 'data-pull': name }, ...progressParts(name, state.progress))
  return el('div', progress, cancelling)
}

/** Moves the bar of a running pull without building the table anew. */
export function updateProgress(
  root: HTMLElement,
  name: string,
  progress: Parameters<typeof shareDone>[0],
): void {
  const cell = root.querySelector(`[data-pull="${CSS.escape(name)}"]`)
  cell?.replaceChildren(...progressParts(name, progress))
}

function progressParts(name: string, progress: Parameters<typeof shareDone>[0]): HTMLElement[] {
  const share = shareDone(progress)
  return [
    el('progress', { 'aria-label': `Pulling ${name}`, max: 1, value: share === null ? undefined : share }),
    el('span', progressInWords(progress)),
  ]
}
