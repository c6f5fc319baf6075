import type { ClipDiff, Front } from '../../protocol/comparisonResult.ts'
import { counted } from '../../shared/figures.ts'
import { writtenValue } from '../wording.ts'
import type { Block, Cell, Document, Table } from './document.ts'

/** A report as GitHub-flavoured Markdown; charts become tables of their points. */
export function markdownReport({ title, subtitle, sentence, reasons, warnings, sections }: Document): string {
  const parts = [
    `# ${escaped(title)}`,
    escaped(subtitle),
    `**${escaped(sentence)}**`,
    ...(reasons.length > 0 ? [bullets(reasons)] : []),
    ...(warnings.length > 0 ? ['Before believing a figure:', bullets(warnings)] : []),
    ...sections.flatMap(section => [`## ${escaped(section.title)}`, ...section.blocks.map(block)]),
  ]
  return `${parts.join('\n\n')}\n`
}

function block(one: Block): string {
  switch (one.kind) {
    case 'text':
      return escaped(one.text)
    case 'list':
      return bullets(one.items)
    case 'table':
      return table(one)
    case 'chart':
      return points(one.caption, one.front, one.recommended)
    case 'diffs':
      return `${escaped(one.caption)}:\n\n${one.diffs.map(clip).join('\n')}`
    case 'answers':
      return `${escaped(one.caption)}:\n\n${one.answers
        .map(
          ({ question, reference, answer }) =>
            `- ${escaped(question)}\n  - reference: ${escaped(reference)}\n  - here: ${escaped(answer)}`,
        )
        .join('\n')}`
  }
}

const bullets = (items: readonly string[]) => items.map(item => `- ${escaped(item)}`).join('\n')

function table({ caption, columns, rows }: Table): string {
  const heads = ['', ...columns.map(({ label, unit }) => (unit ? `${label}, ${unit}` : label))]
  return [
    `${escaped(caption)}:`,
    '',
    row(heads.map(escaped)),
    row(heads.map((_, i) => (i === 0 ? '---' : '--:'))),
    ...rows.map(({ name, reference, note, cells }) =>
      row([
        `${escaped(name)}${reference ? ' ◆' : ''}${note === undefined ? '' : ` (${escaped(note)})`}`,
        ...cells.map(cell),
      ]),
    ),
  ].join('\n')
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const marks = { better: ' ✓', worse: ' ✗', 'no-difference-shown': ' ≈', 'not-tested': '' }

function cell({ text, beside, verdict }: Cell): string {
  const mark = verdict === undefined ? '' : marks[verdict]
  return `${escaped(text)}${beside === undefined ? '' : ` (${escaped(beside)})`}${mark}`
}

function points(caption: string, { axes, points: all }: Front, recommended: readonly string[]): string {
  return [
    escaped(caption),
    '',
    row(['', ...axes.map(({ label }) => escaped(label)), 'Dominated by']),
    row(['---', ...axes.map(() => '--:'), '---']),
    ...all.map(({ name, values, dominatedBy }) =>
      row([
        recommended.includes(name) ? `**${escaped(name)}**` : escaped(name),
        ...values.map((value, i) => escaped(writtenValue(value, axes[i]?.unit ?? ''))),
        escaped(dominatedBy.join(', ')),
      ]),
    ),
  ].join('\n')
}

function clip({ clip: name, diff, wordErrors, words }: ClipDiff): string {
  const text = diff
    .map(({ operation, reference, transcript }) => {
      const said = escaped(reference)
      const heard = escaped(transcript)
      if (operation === 'equal') return said
      if (operation === 'delete') return `~~${said}~~`
      if (operation === 'insert') return `**${heard}**`
      return `~~${said}~~ **${heard}**`
    })
    .join(' ')
  return `- ${escaped(name)}, ${wordErrors} of ${counted(words, 'word')}: ${text}`
}

/** What models and users wrote must neither become markup nor break a table. */
function escaped(text: string): string {
  return text
    .replace(/[\\`*{}[\]<>|~#]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\$&')
    .replace(/\s+/g, ' ')
    .trim()
}
