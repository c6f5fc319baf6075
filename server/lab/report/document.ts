import type { Verdict } from '../../protocol/comparisonFigures.ts'
import type { ClipDiff, Front } from '../../protocol/comparisonResult.ts'

/** A report as what it says, of which Markdown and HTML are two ways to show it. Text is plain; renderers escape it. */

export type Cell = {
  text: string
  /** Beside the reference: a ratio or a difference. */
  beside?: string
  verdict?: Verdict
  /** 95 % interval and number of observations, shown on demand where there is room for that. */
  detail?: string
}

export type Table = {
  kind: 'table'
  caption: string
  /** For those who want to know; out of the way where a page can fold it. */
  folded?: boolean
  columns: { label: string; unit?: string }[]
  rows: { name: string; reference: boolean; note?: string; cells: Cell[] }[]
}

export type Chart = {
  kind: 'chart'
  caption: string
  front: Front
  /** Names as they fit beside a point. */
  shortNames: Record<string, string>
  /** Names of the points that are recommended. */
  recommended: string[]
}

export type Block =
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'diffs'; caption: string; diffs: ClipDiff[] }
  | { kind: 'answers'; caption: string; answers: { question: string; reference: string; answer: string }[] }
  | Table
  | Chart

export type Section = { id: string; title: string; blocks: Block[] }

export type Document = {
  title: string
  subtitle: string
  /** The recommendation in one sentence, with its reasons, and what to know before believing it. */
  sentence: string
  reasons: string[]
  warnings: string[]
  sections: Section[]
}
