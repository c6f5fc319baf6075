import type { Figure } from '../../../protocol/comparisonFigures.ts'
import type { ClipDiff } from '../../../protocol/comparisonResult.ts'
import type { Clip } from '../../input.ts'
import { compared, errorRateFigure, type FigureRule, plainFigure, shareFigure } from '../figures.ts'
import { mean, sum } from '../measured.ts'
import { bootstrapInterval, LEAST_FOR_BOOTSTRAP } from '../statistics/bootstrap.ts'
import { clipDiff } from '../words/diff.ts'
import { textErrors } from '../words/errorRate.ts'
import { comparedWords } from '../words/normalizeEnglish.ts'

const MOST_WORST_CLIPS = 5

/** What was heard of a clip, or of a text that a voice spoke. */
type Heard = { clip: string; round: number; transcript: string }
type Spoken = Pick<Clip, 'id' | 'kind' | 'text'>

/** Errors in one clip, each the mean over its rounds (at temperature 0 they are alike). */
type ClipErrors = { words: number; wordErrors: number; characters: number; characterErrors: number }

/** By clip, against the text that belongs to it; clips without one are left out. */
function errorsByClip(
  decodes: readonly Heard[],
  textOf: (decode: Heard) => string | null,
): Map<string, ClipErrors> {
  const byClip = new Map<string, ClipErrors>()
  for (const [clip, rounds] of Map.groupBy(decodes, decode => decode.clip)) {
    const errors = rounds.flatMap(decode => {
      const text = textOf(decode)
      return text === null ? [] : [textErrors(text, decode.transcript)]
    })
    if (errors.length === 0) continue
    byClip.set(clip, {
      words: mean(errors.map(({ words }) => words)),
      wordErrors: mean(errors.map(({ wordErrors }) => wordErrors)),
      characters: mean(errors.map(({ characters }) => characters)),
      characterErrors: mean(errors.map(({ characterErrors }) => characterErrors)),
    })
  }
  return byClip
}

/** What was said in the clips with speech whose text is known. */
function spokenText(clips: readonly Spoken[]): (decode: Heard) => string | null {
  const texts = new Map(clips.filter(({ kind }) => kind === 'speech').map(({ id, text }) => [id, text]))
  return ({ clip }) => texts.get(clip) ?? null
}

/** Error rates against what was said, beside the reference's over the same clips. */
export function errorFigures(
  own: readonly Heard[],
  reference: readonly Heard[] | null,
  clips: readonly Spoken[],
  rule: (figure: string, unit: string) => FigureRule,
): { wordErrorRate: Figure; characterErrorRate: Figure; notWorseShare: Figure } {
  const mine = errorsByClip(own, spokenText(clips))
  const others = reference && errorsByClip(reference, spokenText(clips))
  const pairs = [...mine].flatMap(([clip, errors]) => {
    const other = others === null ? null : others.get(clip)
    // A clip that failed on one side would count for that side alone.
    return other === undefined ? [] : [{ clip, errors, other }]
  })
  const rate = (of: 'word' | 'character', name: string) =>
    errorRateFigure(
      pairs.map(({ clip, errors, other }) => ({
        of: clip,
        own: { errors: errors[`${of}Errors`], length: errors[`${of}s`] },
        reference: other && { errors: other[`${of}Errors`] },
      })),
      rule(name, '%'),
    )
  const held = pairs.filter(({ other }) => other !== null)
  return {
    wordErrorRate: rate('word', 'wordErrorRate'),
    characterErrorRate: rate('character', 'characterErrorRate'),
    notWorseShare: shareFigure(
      held.filter(({ errors, other }) => other !== null && errors.wordErrors <= other.wordErrors).length,
      held.length,
    ),
  }
}

/** Word errors against the transcripts of the reference: what rounding the weights changed, right or wrong. */
export function departureFromReference(
  own: readonly Heard[],
  reference: readonly Heard[] | null,
  rule: FigureRule,
): Figure {
  if (reference === null) return plainFigure(rule.unit)
  const heard = new Map(reference.map(({ clip, round, transcript }) => [`${round} ${clip}`, transcript]))
  const errors = errorsByClip(own, ({ clip, round }) => heard.get(`${round} ${clip}`) ?? null)
  return errorRateFigure(
    [...errors].map(([of, { wordErrors, words }]) => ({
      of,
      own: { errors: wordErrors, length: words },
      reference: { errors: 0 },
    })),
    rule,
  )
}

/** Words heard in clips in which nobody speaks, over all of them. */
export function inventedWords(
  own: readonly Heard[],
  reference: readonly Heard[] | null,
  clips: readonly Spoken[],
  rule: FigureRule,
): Figure {
  const silent = clips.filter(({ kind }) => kind === 'nonspeech').map(({ id }) => id)
  const words = (decodes: readonly Heard[]) =>
    silent.map(id => {
      const rounds = decodes.filter(({ clip }) => clip === id)
      return rounds.length === 0
        ? null
        : mean(rounds.map(({ transcript }) => comparedWords(transcript).length))
    })
  const others = reference && words(reference)
  const counted = words(own).flatMap((count, i) => {
    const other = others === null ? null : others[i]
    return count === null || (others !== null && other === null) ? [] : [{ count, other: other ?? 0 }]
  })
  if (counted.length === 0) return plainFigure(rule.unit)
  const total = sum(counted.map(({ count }) => count))
  const figure = plainFigure(rule.unit, total, counted.length)
  if (others === null) return figure
  const excess = (sample: readonly (readonly { count: number; other: number }[])[]) =>
    sum(sample.flat().map(({ count, other }) => count - other))
  const clusters = counted.map(clip => [clip])
  const other = sum(counted.map(clip => clip.other))
  return compared(
    figure,
    {
      ratioToReference: other === 0 ? null : total / other,
      differenceToReference: total - other,
      differenceInterval:
        counted.length < LEAST_FOR_BOOTSTRAP ? null : bootstrapInterval(clusters, excess, rule.key),
    },
    rule.margin,
  )
}

/** The clips with most word errors, each as it was first heard. */
export function worstClips(decodes: readonly Heard[], clips: readonly Spoken[]): ClipDiff[] {
  const textOf = spokenText(clips)
  const first = new Map(decodes.toSorted((a, b) => b.round - a.round).map(decode => [decode.clip, decode]))
  return [...first.values()]
    .flatMap(decode => {
      const text = textOf(decode)
      return text === null ? [] : [clipDiff(decode.clip, text, decode.transcript)]
    })
    .filter(({ wordErrors }) => wordErrors > 0)
    .sort(
      (a, b) =>
        b.wordErrors - a.wordErrors ||
        b.wordErrors / b.words - a.wordErrors / a.words ||
        (a.clip < b.clip ? -1 : 1),
    )
    .slice(0, MOST_WORST_CLIPS)
}
