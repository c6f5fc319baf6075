import type OpenAI from 'openai'
import Type, { type Static, type TSchema } from 'typebox'

/**
 * Schemas of all answers of the REST routes. The types of OpenAI's package are gone at run time, so the compiler holds these against them
 * in both directions: what a schema takes is such an answer by the SDK's type, and none of its members is unknown there. They take no other.
 */

type Item<T> = T extends readonly (infer E)[] ? E : never
type Names<T> = T extends unknown ? keyof T : never
type Member<T, K> = T extends unknown ? (K extends keyof T ? T[K] : never) : never
/** Names of members that the SDK's type has nowhere. */
type Unknown<Ours, Sdk> = Ours extends readonly (infer E)[]
  ? Unknown<E, Item<Sdk>>
  : Ours extends object
    ? {
        [K in keyof Ours]-?: K extends Names<Sdk> ? Unknown<Ours[K], Member<Sdk, K>> : K
      }[keyof Ours]
    : never
type Checked<Ours, Sdk> = [Ours] extends [Sdk]
  ? [Unknown<Ours, Sdk>] extends [never]
    ? unknown
    : { 'unknown to the SDK': Unknown<Ours, Sdk> }
  : { 'not such an answer': Sdk }

/** The schema, which the compiler refuses where it is none of the SDK's type. */
const of =
  <Sdk>() =>
  <S extends TSchema>(schema: S & Checked<Static<S>, Sdk>): TSchema =>
    schema

const exact = { additionalProperties: false }
const optional = Type.Optional

const Call = Type.Object(
  {
    id: Type.String({ minLength: 1 }),
    type: Type.Literal('function'),
    function: Type.Object({ name: Type.String(), arguments: Type.String() }, exact),
  },
  exact,
)
const Usage = Type.Object(
  {
    ...{ prompt_tokens: Type.Integer(), completion_tokens: Type.Integer(), total_tokens: Type.Integer() },
    prompt_tokens_details: optional(Type.Object({ cached_tokens: Type.Integer() }, exact)),
  },
  exact,
)
const finish = ['stop', 'length', 'tool_calls'] as const
const Message = Type.Object(
  {
    ...{ role: Type.Literal('assistant'), refusal: Type.Null() },
    content: Type.Union([Type.String(), Type.Null()]),
    tool_calls: optional(Type.Array(Call)),
    audio: optional(
      Type.Object(
        {
          ...{ id: Type.String(), data: Type.String(), transcript: Type.String() },
          expires_at: Type.Integer(),
        },
        exact,
      ),
    ),
  },
  exact,
)
const Completion = of<OpenAI.ChatCompletion>()(
  Type.Object(
    {
      ...{ id: Type.String(), object: Type.Literal('chat.completion') },
      ...{ created: Type.Integer(), model: Type.String(), usage: Usage },
      choices: Type.Array(
        Type.Object(
          {
            index: Type.Integer(),
            message: Message,
            logprobs: Type.Null(),
            finish_reason: Type.Enum(finish),
          },
          exact,
        ),
      ),
    },
    exact,
  ),
)
const Delta = Type.Object(
  {
    ...{ role: optional(Type.Literal('assistant')), content: optional(Type.String()) },
    tool_calls: optional(
      Type.Array(Type.Object({ index: Type.Integer(), ...Call.properties }, exact), { minItems: 1 }),
    ),
    audio: optional(
      Type.Object(
        {
          ...{ id: optional(Type.String()), data: optional(Type.String()) },
          ...{ transcript: optional(Type.String()), expires_at: optional(Type.Integer()) },
        },
        exact,
      ),
    ),
  },
  exact,
)
const Chunk = of<OpenAI.ChatCompletionChunk>()(
  Type.Object(
    {
      ...{ id: Type.String(), object: Type.Literal('chat.completion.chunk') },
      ...{ created: Type.Integer(), model: Type.String() },
      usage: optional(Type.Union([Usage, Type.Null()])),
      choices: Type.Array(
        Type.Object(
          {
            ...{ index: Type.Integer(), delta: Delta, logprobs: Type.Null() },
            finish_reason: Type.Union([Type.Enum(finish), Type.Null()]),
          },
          exact,
        ),
      ),
    },
    exact,
  ),
)

const Duration = Type.Object({ type: Type.Literal('duration'), seconds: Type.Number() }, exact)
const Language = Type.Object({ code: Type.String() }, exact)
const Segment = Type.Object(
  {
    ...{ id: Type.Integer(), seek: Type.Integer(), start: Type.Number(), end: Type.Number() },
    ...{ text: Type.String(), tokens: Type.Array(Type.Integer()), temperature: Type.Number() },
    ...{ avg_logprob: Type.Number(), compression_ratio: Type.Number(), no_speech_prob: Type.Number() },
  },
  exact,
)
const Word = Type.Object({ word: Type.String(), start: Type.Number(), end: Type.Number() }, exact)
/** OpenAI itself sends `task`, which its package has no type for. */
type WithTask<T> = T & { task: string }
const verbose = {
  ...{ task: Type.String(), language: Type.String(), duration: Type.Number(), text: Type.String() },
  segments: optional(Type.Array(Segment)),
}

const Model = Type.Object(
  {
    ...{ id: Type.String({ minLength: 1 }), object: Type.Literal('model') },
    ...{ created: Type.Integer(), owned_by: Type.String() },
  },
  exact,
)

export const answers = {
  completion: Completion,
  chunk: Chunk,
  transcription: of<OpenAI.Audio.Transcription>()(
    Type.Object({ text: Type.String(), usage: Duration, languages: Type.Array(Language) }, exact),
  ),
  verboseTranscription: of<WithTask<OpenAI.Audio.TranscriptionVerbose>>()(
    Type.Object({ ...verbose, words: optional(Type.Array(Word)), usage: Duration }, exact),
  ),
  transcriptionEvent: of<OpenAI.Audio.TranscriptionStreamEvent>()(
    Type.Union([
      Type.Object({ type: Type.Literal('transcript.text.delta'), delta: Type.String() }, exact),
      Type.Object({ type: Type.Literal('transcript.text.done'), text: Type.String() }, exact),
    ]),
  ),
  translation: of<OpenAI.Audio.Translation>()(Type.Object({ text: Type.String() }, exact)),
  verboseTranslation: of<WithTask<OpenAI.Audio.TranslationVerbose>>()(Type.Object(verbose, exact)),
  model: of<OpenAI.Model>()(Model),
  models: of<{ object: string; data: OpenAI.Model[] }>()(
    Type.Object({ object: Type.Literal('list'), data: Type.Array(Model, { minItems: 1 }) }, exact),
  ),
  error: of<{ error: OpenAI.ErrorObject }>()(
    Type.Object(
      {
        error: Type.Object(
          {
            ...{ message: Type.String({ minLength: 1 }), type: Type.String() },
            param: Type.Union([Type.String(), Type.Null()]),
            code: Type.Union([Type.String(), Type.Null()]),
          },
          exact,
        ),
      },
      exact,
    ),
  ),
}
