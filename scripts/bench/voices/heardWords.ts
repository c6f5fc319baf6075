import { bootstrapInterval, comparedWords, textErrors } from '../../../server/lab/index.ts'

/** A text of a reply, and what a person says who reads it aloud, in each way to spell that. */
export type SpokenText = { kind: string; text: string; said: string[] }
export type Heard = SpokenText & { heard: string; wordErrors: number; words: number }

/** Word errors of what was heard, against the nearest spelling of what was to be said. */
export function heardAs(spoken: SpokenText, heard: string): Heard {
  const errors = spoken.said.map(said => textErrors(said, heard))
  const nearest = errors.reduce((least, other) => (other.wordErrors < least.wordErrors ? other : least))
  return { ...spoken, heard, wordErrors: nearest.wordErrors, words: nearest.words }
}

const rate = (all: readonly Heard[]) =>
  (100 * all.reduce((sum, { wordErrors }) => sum + wordErrors, 0)) /
  Math.max(
    1,
    all.reduce((sum, { words }) => sum + words, 0),
  )

const percent = (value: number) => value.toFixed(2)
const withInterval = (value: number, interval: readonly [number, number] | null) =>
  interval === null ? percent(value) : `${percent(value)} (${interval.map(percent).join(' to ')})`

/** Word error rate in percent with its 95 % interval, by text. */
export const wordErrors = (all: readonly Heard[]): string =>
  withInterval(
    rate(all),
    bootstrapInterval(
      all.map(one => [one]),
      sample => rate(sample.flat()),
      'voices',
    ),
  )

/** How much more of the same texts is heard wrong of the first than of the second, in percent of the words. */
export const moreErrors = (first: readonly Heard[], second: readonly Heard[]): string => {
  const pairs = first.map((one, at): readonly [readonly [Heard, Heard]] => [[one, second[at] ?? one]])
  const difference = (sample: readonly (readonly (readonly [Heard, Heard])[])[]) =>
    rate(sample.flat().map(([one]) => one)) - rate(sample.flat().map(([, other]) => other))
  return withInterval(difference(pairs), bootstrapInterval(pairs, difference, 'voices'))
}

/** By kind of text, the most errors first. */
export const errorsByKind = (all: readonly Heard[]): string =>
  [...Map.groupBy(all, ({ kind }) => kind)]
    .map(([kind, some]): [string, number] => [kind, rate(some)])
    .sort(([, a], [, b]) => b - a)
    .map(([kind, errors]) => `${kind} ${percent(errors)}`)
    .join(', ')

/** What was heard of the texts with the most errors. */
export const worst = (all: readonly Heard[], count: number): string[] =>
  all
    .filter(({ wordErrors }) => wordErrors > 0)
    .sort((a, b) => b.wordErrors - a.wordErrors)
    .slice(0, count)
    .map(
      ({ text, heard, said, wordErrors }) =>
        `${wordErrors}: ${JSON.stringify(text)} for ${JSON.stringify(comparedWords(said[0] ?? '').join(' '))}: ${JSON.stringify(heard)}`,
    )
