import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import type { comparisonFormats } from '../../protocol/comparisons.ts'
import { csvReport } from './csv.ts'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'
import { reportOf } from './reportOf.ts'

export type ReportFormat = Exclude<(typeof comparisonFormats)[number], 'json'>

/** A result as a file for people or spreadsheets. */
export function renderReport(result: ComparisonResult, format: ReportFormat): string {
  switch (format) {
    case 'csv':
      return csvReport(result)
    case 'md':
      return markdownReport(reportOf(result))
    case 'html':
      return htmlReport(reportOf(result))
  }
}
