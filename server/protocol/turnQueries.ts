import Type, { type Static } from 'typebox'
import { nullable } from './nullable.ts'
import { Outcome, Source, StoredTurn } from './record.ts'

/** Query strings of `/v1/turns` and `/v1/summary`, and what they answer. Unknown names are refused. */

const filters = {
  since: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'turns that started then or later; ISO 8601 with offset',
    }),
  ),
  until: Type.Optional(
    Type.String({ format: 'date-time', description: 'turns that started earlier; ISO 8601 with offset' }),
  ),
  llmModel: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'Ollama tag' })),
  speechModel: Type.Optional(Type.String({ minLength: 1, maxLength: 300, description: 'catalog name' })),
  voice: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  outcome: Type.Optional(Outcome),
  source: Type.Optional(Source),
  conversationId: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
}

export const TurnFilters = Type.Object(filters, { additionalProperties: false })
export type TurnFilters = Static<typeof TurnFilters>

export const turnFormats = ['json', 'csv', 'ndjson'] as const
export const MAX_PAGE_SIZE = 500
export const DEFAULT_PAGE_SIZE = 50

export const TurnsQuery = Type.Object(
  {
    ...filters,
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_PAGE_SIZE,
        description: `a page; default ${DEFAULT_PAGE_SIZE}`,
      }),
    ),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'nextCursor of a page' })),
    format: Type.Optional(
      Type.Enum(turnFormats, {
        description: 'csv and ndjson stream the whole selection; no limit, no cursor',
      }),
    ),
  },
  { additionalProperties: false },
)
export type TurnsQuery = Static<typeof TurnsQuery>

export const groupKeys = [
  'llmModel',
  'speechModel',
  'voice',
  'outcome',
  'source',
  'conversationId',
  'appVersion',
  'host',
  'speechHost',
  'replicaId',
] as const
export type GroupKey = (typeof groupKeys)[number]

const oneKey = `(?:${groupKeys.join('|')})`

export const SummaryQuery = Type.Object(
  {
    ...filters,
    groupBy: Type.Optional(
      Type.String({
        pattern: `^${oneKey}(?:,${oneKey})*$`,
        description: `comma-separated, of ${groupKeys.join(', ')}; host is that of the language model; default: one group of all`,
      }),
    ),
  },
  { additionalProperties: false },
)
export type SummaryQuery = Static<typeof SummaryQuery>

export const TurnParams = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 100, description: 'turnId' }),
})
export type TurnParams = Static<typeof TurnParams>

export const TurnPage = Type.Object({
  items: Type.Array(StoredTurn),
  nextCursor: nullable(Type.String(), { description: 'null on the last page' }),
})
export type TurnPage = Static<typeof TurnPage>

const figure = (description: string) => nullable(Type.Number(), { description })

export const FieldStatistics = Type.Object(
  {
    n: Type.Integer({ description: 'turns that have the figure' }),
    p50: figure('median'),
    p90: figure('null below 10 turns'),
    p95: figure('null below 20 turns'),
    min: figure('smallest'),
    max: figure('largest'),
    interval: nullable(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }), {
      description:
        'distribution-free 95 % confidence interval of the median, [low, high]; null below 6 turns',
    }),
  },
  { description: 'quantiles by linear interpolation (Hyndman and Fan, type 7)' },
)
export type FieldStatistics = Static<typeof FieldStatistics>

const byField = (description: string) => Type.Record(Type.String(), FieldStatistics, { description })
const OutcomeCounts = Type.Object({
  completed: Type.Integer(),
  interrupted: Type.Integer(),
  'no-speech': Type.Integer(),
  discarded: Type.Integer(),
  failed: Type.Integer(),
})

export const SummaryGroup = Type.Object({
  keys: Type.Record(Type.String(), nullable(Type.String())),
  n: Type.Integer({ description: 'all turns of the group' }),
  coldN: Type.Integer({ description: 'of them, those for which a model had to be loaded' }),
  failures: Type.Integer({ description: 'of them, failed ones' }),
  outcomes: OutcomeCounts,
  wasted: Type.Object(
    {
      outputTokens: Type.Integer(),
      engineMs: Type.Number({ description: 'time of the language model (milliseconds)' }),
    },
    { description: 'what was asked at pauses for nothing, all turns together, whatever became of them' },
  ),
  timings: byField('dotted path → figures of the warm turns that were answered (completed, interrupted)'),
  cold: byField('the same of the cold turns'),
})
export type SummaryGroup = Static<typeof SummaryGroup>

export const Summary = Type.Object({
  groupBy: Type.Array(Type.Enum(groupKeys)),
  groups: Type.Array(SummaryGroup),
})
export type Summary = Static<typeof Summary>
