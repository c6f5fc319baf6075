import Type, { type Static } from 'typebox'
import { nullable } from './nullable.ts'

/** One figure of a comparison, its verdict, and the margins that verdicts are held against. */

/** An array of two, which OpenAPI tools read better than a tuple. */
export const Interval = Type.Unsafe<[number, number]>(
  Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description: '95 %, [low, high]' }),
)
export type Interval = Static<typeof Interval>

export const verdicts = ['better', 'worse', 'no-difference-shown', 'not-tested'] as const
export const Verdict = Type.Enum(verdicts)
export type Verdict = Static<typeof Verdict>

export const FigureItem = Type.Object({
  value: Type.Number({
    description: 'of times, the median of this clip or question; of rates, its own rate',
  }),
  weight: Type.Number({ description: 'of rates, what it counts in the whole: words, positions; else 1' }),
  block: Type.Optional(
    Type.Integer({ description: 'of times, the first block in which it was measured: one process' }),
  ),
})
export type FigureItem = Static<typeof FigureItem>

export const Figure = Type.Object({
  value: nullable(
    Type.Number({
      description: 'median, share or rate as the unit says; null: not measured, see notMeasured',
    }),
  ),
  unit: Type.String(),
  n: Type.Integer({ description: 'clips, answers, positions, loads or files that it is made of' }),
  interval: nullable(Interval),
  p90: nullable(Type.Number({ description: 'null where n cannot support it' })),
  p95: nullable(Type.Number({ description: 'null where n cannot support it' })),
  ratioToReference: nullable(Type.Number()),
  ratioInterval: nullable(
    Type.Unsafe<Interval>({
      ...Interval,
      description:
        '95 %, [low, high]: of times and speeds, where the ratio of another run of the same size would lie (of pairs, in the same processes); of readings, all pairs of them',
    }),
  ),
  differenceToReference: nullable(Type.Number({ description: 'in the unit' })),
  differenceInterval: nullable(Interval),
  verdict: Verdict,
  byItem: nullable(
    Type.Record(Type.String(), FigureItem, {
      description: 'by clip or question, by which two runs are paired',
    }),
  ),
})
export type Figure = Static<typeof Figure>

/** What a difference must exceed to count, set before anything was measured. */
export const Margin = Type.Object({
  better: Type.Enum(['lower', 'higher']),
  kind: Type.Enum(['ratio', 'difference'], {
    description: 'ratio: 0.05 is 5 % of the reference; difference: in the unit of the figure',
  }),
  margin: Type.Number({ minimum: 0 }),
})
export type Margin = Static<typeof Margin>
export const Margins = Type.Record(Type.String(), Margin, { description: 'by name of the figure' })
export type Margins = Static<typeof Margins>
