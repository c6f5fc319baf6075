import type { Figure } from '../../protocol/comparisonFigures.ts'
import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import { type CsvCell, csvRow } from '../../shared/csv.ts'

const columns = [
  ...['side', 'arm', 'reference', 'noise', 'figure', 'value', 'unit', 'n', 'low', 'high', 'p90', 'p95'],
  ...['ratio', 'ratioLow', 'ratioHigh', 'difference', 'differenceLow', 'differenceHigh', 'verdict'],
]

type Arm = { name: string; reference: string | null; figures: Record<string, Figure> }

/**
 * One row per arm and figure. An empty cell is not measured or not supported by n; `noise` marks the second
 * measuring of a reference.
 */
export function csvReport({ speech, llm, voices, pairs, noiseArm }: ComparisonResult): string {
  const arms: { side: string; noise: boolean; arm: Arm | null }[] = [
    ...speech.map(arm => ({ side: 'speech', noise: false, arm })),
    { side: 'speech', noise: true, arm: noiseArm.speech },
    ...llm.map(arm => ({ side: 'llm', noise: false, arm })),
    { side: 'llm', noise: true, arm: noiseArm.llm },
    ...voices.map(arm => ({ side: 'voice', noise: false, arm })),
    { side: 'voice', noise: true, arm: noiseArm.voice },
    ...pairs.map(arm => ({ side: 'pair', noise: false, arm })),
    { side: 'pair', noise: true, arm: noiseArm.pair },
  ]
  const rows: CsvCell[][] = arms.flatMap(({ side, noise, arm }) =>
    arm === null
      ? []
      : Object.entries(arm.figures).map(([name, figure]) => [
          ...[side, arm.name, arm.reference, noise, name, figure.value, figure.unit, figure.n],
          ...(figure.interval ?? [null, null]),
          ...[figure.p90, figure.p95, figure.ratioToReference],
          ...(figure.ratioInterval ?? [null, null]),
          figure.differenceToReference,
          ...(figure.differenceInterval ?? [null, null]),
          figure.verdict,
        ]),
  )
  return [columns, ...rows].map(row => csvRow(row.map(shortened))).join('')
}

/** Six digits are more than any clock is good for; counts stay whole. */
function shortened(cell: CsvCell): CsvCell {
  return typeof cell === 'number' && !Number.isInteger(cell) ? Number(cell.toPrecision(6)) : cell
}
