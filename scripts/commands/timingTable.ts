import type { StoredTurn, TurnRecord } from '../../server/protocol/record.ts'
import { type RecordField, recordFields } from '../../server/record/fields.ts'
import { fixed } from '../../server/shared/figures.ts'

type Figure = { digits: string; unit: string }
type Line = { label: string; figure: Figure }

const groups = ['fromSpeechEnd', 'speech', 'speculation', 'llm', 'synthesis', 'memory'] as const
type Group = (typeof groups)[number]

const titles: Readonly<Record<Group, string>> = {
  fromSpeechEnd: 'from speech end',
  speech: 'speech',
  speculation: 'end of turn',
  llm: 'language model',
  synthesis: 'voice',
  memory: 'memory',
}

/** The moments that every turn is judged by; a dash says that this one did not get there. */
const alwaysShown = new Set([
  'fromSpeechEnd.transcriptMs',
  'fromSpeechEnd.firstTokenMs',
  'fromSpeechEnd.firstAudioMs',
  'fromSpeechEnd.replyDoneMs',
])

/**
 * The timings of one turn for a terminal: one group a stage with its model in the heading, numbers aligned at the
 * decimal point, units behind. Unknown figures are left out, but for the moments that every turn is judged by,
 * which then show a dash. Ends without a newline.
 */
export function timingTable(record: TurnRecord): string {
  const shown = [
    ...groups.map(group => ({ heading: headingOf(group, record), lines: linesOf(group, record) })),
    { heading: 'tools', lines: toolLines(record) },
  ]
  const all = shown.flatMap(({ lines }) => lines)
  const labelWidth = Math.max(...all.map(({ label }) => label.length))
  const wholes = Math.max(...all.map(({ figure }) => split(figure.digits).whole.length))
  const fractions = Math.max(...all.map(({ figure }) => split(figure.digits).fraction.length))
  const print = ({ label, figure }: Line) => {
    const { whole, fraction } = split(figure.digits)
    return `  ${label.padEnd(labelWidth)}  ${whole.padStart(wholes)}${fraction.padEnd(fractions)} ${figure.unit}`.trimEnd()
  }
  return shown
    .filter(({ lines }) => lines.length > 0)
    .map(({ heading, lines }) => [heading, ...lines.map(print)].join('\n'))
    .join('\n\n')
}

/** 1234.5 → `1,234.5`; null → a dash. */
export function milliseconds(value: number | null): string {
  return value === null ? '–' : fixed(value, 1)
}

function headingOf(group: Group, record: TurnRecord): string {
  const facts: (string | null)[] = []
  if (group === 'speech' || group === 'llm') {
    const { model, quantization, cold } = record[group]
    facts.push(model, quantization)
    const size = record.llm.parameterSize
    if (group === 'llm') facts.push(size === null ? null : `${size} parameters`)
    facts.push(cold === null ? null : cold ? 'cold: loaded for this turn' : 'warm')
    const { doneReason } = record.llm
    if (group === 'llm') facts.push(doneReason === null ? null : `done by ${doneReason}`)
    else facts.push(record.speech.engine)
  }
  if (group === 'synthesis') facts.push(record.synthesis.voice)
  if (group === 'speculation') {
    const { decidedBy = null, textState = null } = record.speculation ?? {}
    facts.push(decidedBy, textState === null ? null : `words ${textState}`)
  }
  const known = facts.filter(fact => fact !== null)
  return known.length === 0 ? titles[group] : `${titles[group]}: ${known.join(', ')}`
}

function linesOf(group: Group, record: TurnRecord): Line[] {
  const turn: StoredTurn = { ...record, transcript: null, reply: null, heardText: null }
  return recordFields
    .filter(field => field.group === group && field.numeric)
    .flatMap(field => {
      const value = field.read(turn)
      if (typeof value === 'number') return [{ label: labelOf(field), figure: figureOf(field, value) }]
      return alwaysShown.has(field.path) ? [{ label: labelOf(field), figure: { digits: '–', unit: '' } }] : []
    })
}

const toolLines = ({ tools = [] }: TurnRecord): Line[] =>
  tools.map(({ name, outcome, ms }) => ({
    label: `${name} (${outcome})`,
    figure: { digits: milliseconds(ms), unit: 'ms' },
  }))

/** `timeToFirstTokenMs` → `time to first token`: the names are made to be read, the unit is shown apart. */
function labelOf(field: RecordField): string {
  return field.name
    .replace(/(Ms|Bytes)$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase()
    .replace(/^llm /, 'language model ')
    .replace(' gpu ', ' GPU ')
}

function figureOf({ name }: RecordField, value: number): Figure {
  if (name.endsWith('Ms')) return { digits: milliseconds(value), unit: 'ms' }
  if (name.endsWith('Bytes')) return { digits: fixed(value / 1e6, 1), unit: 'MB' }
  if (name.endsWith('Share')) return { digits: fixed(value * 100, 0), unit: '%' }
  if (name === 'tokensPerSecond') return { digits: fixed(value, 1), unit: '/s' }
  if (name === 'realTimeFactor') return { digits: fixed(value, 2), unit: '× the audio' }
  if (name === 'audioContext') return { digits: fixed(value, 0), unit: 'steps of 20 ms' }
  return { digits: Number.isInteger(value) ? fixed(value, 0) : fixed(value, 1), unit: '' }
}

function split(digits: string): { whole: string; fraction: string } {
  const point = digits.indexOf('.')
  return point < 0
    ? { whole: digits, fraction: '' }
    : { whole: digits.slice(0, point), fraction: digits.slice(point) }
}
