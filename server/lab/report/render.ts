import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import type { comparisonFormats } from '../../protocol/comparisons.ts'
import { csvReport } from './csv.ts'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'
import { reportOf } from './reportOf.ts'

/** Media types of the formats that a report comes in. */
export const reportTypes: Readonly<Record<(typeof comparisonFormats)[number], string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  html: 'text/html; charset=utf-8',
}

/** A result as text of one of the formats; `json` is the result itself. */
export function renderReport(result: ComparisonResult, format: keyof typeof reportTypes): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(result)}\n`
    case 'csv':
      return csvReport(result)
    case 'md':
      return markdownReport(reportOf(result))
    case 'html':
      return htmlReport(reportOf(result))
  }
}
