import type { ClipDiff } from '../../protocol/comparisonResult.ts'
import { counted } from '../../shared/figures.ts'
import { chartSvg } from './chart.ts'
import type { Block, Cell, Document, Section, Table } from './document.ts'
import { escapeHtml } from './escape.ts'
import { reportStyle } from './style.ts'

/**
 * A report as one page that needs nothing else: no script, no request, light and dark, fit for printing. The policy in
 * it lets nothing in, whatever a transcript holds.
 */
export function htmlReport(document: Document): string {
  const { title, subtitle, sentence, reasons, warnings, sections } = document
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<p class="eyebrow">Quantvox comparison</p>
<h1>${escapeHtml(title)}</h1>
<p class="subtitle">${escapeHtml(subtitle)}</p>
</header>
<main>
<section class="answer" aria-label="Recommendation">
<p class="sentence">${sentenceHtml(sentence)}</p>
${reasons.length > 0 ? `<details><summary>Why</summary>${list(reasons)}</details>` : ''}
</section>
${warnings.length > 0 ? `<aside class="warnings"><h2>Before believing a figure</h2>${list(warnings)}</aside>` : ''}
<nav aria-label="Sections">${sections.map(({ id, title: name }) => `<a href="#${id}">${escapeHtml(name)}</a>`).join('')}</nav>
${sections.map(section).join('\n')}
</main>
</body>
</html>
`
}

/** The names that it recommends stand out: what comes before the colon says them. */
function sentenceHtml(sentence: string): string {
  const colon = sentence.indexOf(': ')
  return colon === -1
    ? escapeHtml(sentence)
    : `<strong>${escapeHtml(sentence.slice(0, colon))}</strong>${escapeHtml(sentence.slice(colon))}`
}

const section = ({ id, title, blocks }: Section) =>
  `<section id="${id}"><h2>${escapeHtml(title)}</h2>${blocks.map(block).join('\n')}</section>`

function block(one: Block): string {
  switch (one.kind) {
    case 'text':
      return `<p>${escapeHtml(one.text)}</p>`
    case 'list':
      return list(one.items)
    case 'table':
      return table(one)
    case 'chart':
      return `<figure class="chart">${chartSvg(one)}<figcaption>${escapeHtml(one.caption)}${one.recommended.length > 0 ? ' The recommended one is ringed.' : ''}</figcaption></figure>`
    case 'diffs':
      return `<details class="diffs"><summary>${escapeHtml(one.caption)}</summary>${one.diffs.map(clip).join('')}</details>`
    case 'answers':
      return `<details class="diffs"><summary>${escapeHtml(one.caption)}</summary>${one.answers
        .map(
          ({ question, reference, answer }) =>
            `<dl><dt>${escapeHtml(question)}</dt><dd><span>reference</span> ${escapeHtml(reference)}</dd><dd><span>here</span> ${escapeHtml(answer)}</dd></dl>`,
        )
        .join('')}</details>`
  }
}

const list = (items: readonly string[]) =>
  `<ul>${items.map(item => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`

function table({ caption, folded, columns, rows }: Table): string {
  // Where one cell has something beside its value, all keep the room for it, so that the values stand in line, below their heading.
  const besides = columns.map((_, i) => rows.some(({ cells }) => cells[i]?.beside !== undefined))
  const heads = columns.map(
    ({ label, unit }, i) =>
      `<th scope="col"${besides[i] ? ' class="beside"' : ''}>${escapeHtml(label)}${unit ? ` <small>${escapeHtml(unit)}</small>` : ''}</th>`,
  )
  const body = rows.map(
    ({ name, reference, note, cells }) =>
      `<tr${reference ? ' class="reference"' : ''}><th scope="row">${escapeHtml(name)}${reference ? ' <span class="mark" title="reference">◆</span>' : ''}${note === undefined ? '' : `<small>${escapeHtml(note)}</small>`}</th>${cells.map((one, i) => cell(one, besides[i] ?? false)).join('')}</tr>`,
  )
  // Only tables of figures fill a wide page; one column of text would drift away from its names.
  const kind = columns.length > 1 ? 'figures' : 'facts'
  const title = folded ? '' : `<caption>${escapeHtml(caption)}</caption>`
  const html = `<div class="table" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table class="${kind}">${title}<thead><tr><td></td>${heads.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
  return folded ? `<details><summary>${escapeHtml(caption)}</summary>${html}</details>` : html
}

const verdictMarks = {
  better: ['✓', 'better'],
  worse: ['✗', 'worse'],
  'no-difference-shown': ['≈', 'no difference shown'],
  'not-tested': ['', ''],
} as const

function cell({ text, beside, verdict = 'not-tested', detail }: Cell, columnHasBeside: boolean): string {
  const [mark, words] = verdictMarks[verdict]
  const shown = [
    escapeHtml(text),
    columnHasBeside || beside !== undefined ? `<small>${escapeHtml(beside ?? '')}</small>` : '',
    mark === ''
      ? columnHasBeside
        ? '<span class="verdict"></span>'
        : ''
      : `<span class="verdict ${verdict}" title="${words}"><span aria-hidden="true">${mark}</span><span class="hidden">${words}</span></span>`,
  ]
  return `<td${detail === undefined ? '' : ` title="${escapeHtml(detail)}"`}>${shown.join('')}</td>`
}

function clip({ clip: name, diff, wordErrors, words }: ClipDiff): string {
  const text = diff
    .map(({ operation, reference, transcript }) => {
      const said = `<del>${escapeHtml(reference)}</del>`
      const heard = `<ins>${escapeHtml(transcript)}</ins>`
      if (operation === 'equal') return escapeHtml(reference)
      return operation === 'delete' ? said : operation === 'insert' ? heard : `${said} ${heard}`
    })
    .join(' ')
  return `<p class="clip"><span class="name">${escapeHtml(name)}</span> <small>${wordErrors} of ${counted(words, 'word')}</small><br>${text}</p>`
}
