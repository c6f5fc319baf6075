import { stringify } from 'csv-stringify/sync'
import type { Figure } from '../../protocol/comparisonFigures.ts'
import type { ComparisonResult } from '../../protocol/comparisonResult.ts'

const columns = [
  ...['side', 'arm', 'reference', 'noise', 'figure', 'value', 'unit', 'n', 'low', 'high', 'p90', 'p95'],
  ...['ratio', 'ratioLow', 'ratioHigh', 'difference', 'differenceLow', 'differenceHigh', 'verdict'],
]

type Arm = { name: string; reference: string | null; figures: Record<string, Figure> }

/**
 * One row per arm and figure (RFC 4180, CRLF). An empty cell is not measured or not supported by n; `noise` marks
 * the second measuring of a reference. Text that a spreadsheet would run as a formula gets a leading apostrophe.
 */
export function csvReport({ speech, llm, pairs, noiseArm }: ComparisonResult): string {
  const arms: { side: string; noise: boolean; arm: Arm | null }[] = [
    ...speech.map(arm => ({ side: 'speech', noise: false, arm })),
    { side: 'speech', noise: true, arm: noiseArm.speech },
    ...llm.map(arm => ({ side: 'llm', noise: false, arm })),
    { side: 'llm', noise: true, arm: noiseArm.llm },
    ...pairs.map(arm => ({ side: 'pair', noise: false, arm })),
    { side: 'pair', noise: true, arm: noiseArm.pair },
  ]
  const rows = arms.flatMap(({ side, noise, arm }) =>
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
  return stringify([columns, ...rows], {
    record_delimiter: 'windows',
    escape_formulas: true,
    cast: {
      boolean: value => String(value),
      // Six digits are more than any clock is good for; counts stay whole.
      number: value => String(Number.isInteger(value) ? value : Number(value.toPrecision(6))),
    },
  })
}
