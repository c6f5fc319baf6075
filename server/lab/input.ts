import Type, { type Static } from 'typebox'
import { nullable } from '../protocol/nullable.ts'

/** What a comparison puts before the models: clips to hear, questions to answer. */

export const Clip = Type.Object({
  id: Type.String({ description: 'unique in a run; of a file its name' }),
  kind: Type.Enum(['speech', 'nonspeech']),
  text: nullable(
    Type.String({ description: 'what is said in it; null when unknown (saved turns): then no error rate' }),
  ),
  audioMs: Type.Number(),
})
export type Clip = Static<typeof Clip>

/** A text for voices to speak, as it may be in a reply. */
export const SpokenText = Type.Object({
  id: Type.String(),
  text: Type.String(),
  said: Type.String({ description: 'what a person says who reads it aloud' }),
})
export type SpokenText = Static<typeof SpokenText>

/**
 * How an answer is checked, over its words after the text normalization (lower case, numbers as digits, no
 * punctuation):
 * - `anyOf`: one of the phrases occurs as a run of whole words;
 * - `allOf`: every phrase does, in any order;
 * - `first`: of all `options` the one that occurs first is one of `right`, for yes or no and one or the other;
 * - `number`: the first number in it is `value`, passing over those of `besides` (numbers that the question names,
 *   and 1, which is also a pronoun).
 */
export const Check = Type.Union([
  Type.Object({ kind: Type.Literal('anyOf'), phrases: Type.Array(Type.String()) }),
  Type.Object({ kind: Type.Literal('allOf'), phrases: Type.Array(Type.String()) }),
  Type.Object({
    kind: Type.Literal('first'),
    right: Type.Array(Type.String()),
    options: Type.Array(Type.String()),
  }),
  Type.Object({
    kind: Type.Literal('number'),
    value: Type.Number(),
    besides: Type.Array(Type.Number()),
  }),
])
export type Check = Static<typeof Check>

export const Question = Type.Object({
  id: Type.String(),
  text: Type.String(),
  check: nullable(Check),
})
export type Question = Static<typeof Question>
