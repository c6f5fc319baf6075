import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import type { comparisonFormats } from '../../protocol/comparisons.ts'
import { csvReport } from './csv.ts'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'
import { reportOf } from './reportOf.ts'

/** A result as text of one of the formats; `json` is the result itself. */
export function renderReport(result: ComparisonResult, format: (typeof comparisonFormats)[number]): string {
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
