import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'

/** What this bench reads of the record's `speculation`; a record without it gives no figures. */
const Speculation = Type.Object({
  attempts: Type.Array(Type.Object({ outcome: Type.String() })),
  wastedOutputTokens: Type.Number(),
  tokenReadyMs: Type.Union([Type.Number(), Type.Null()]),
})
type Speculation = Static<typeof Speculation>

/** Askings at pauses, how many of them came to nothing, and the tokens of those; null where the record does not tell. */
export type SpeculationFigures = {
  attempts: number | null
  discarded: number | null
  wastedTokens: number | null
}

export const noSpeculation: SpeculationFigures = { attempts: null, discarded: null, wastedTokens: null }

export function readSpeculation(value: unknown): SpeculationFigures & Pick<Speculation, 'tokenReadyMs'> {
  if (!Check(Speculation, value)) return { ...noSpeculation, tokenReadyMs: null }
  const { attempts, wastedOutputTokens, tokenReadyMs } = value
  const discarded = attempts.filter(({ outcome }) => outcome !== 'used').length
  return { attempts: attempts.length, discarded, wastedTokens: wastedOutputTokens, tokenReadyMs }
}

/** Unknown ones count as nothing, unless all are. */
export function sumOf(all: readonly SpeculationFigures[]): SpeculationFigures {
  const sum = (read: (figures: SpeculationFigures) => number | null) => {
    const known = all.flatMap(figures => read(figures) ?? [])
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
  }
  return {
    attempts: sum(({ attempts }) => attempts),
    discarded: sum(({ discarded }) => discarded),
    wastedTokens: sum(({ wastedTokens }) => wastedTokens),
  }
}
