import Type, { type Static } from 'typebox'

/** `/v1/my-voice`: five sentences that somebody reads aloud, and what each speech level makes of them. */

export const MyVoice = Type.Object({
  sentences: Type.Array(Type.Object({ id: Type.String(), text: Type.String() })),
  kept: Type.Array(Type.String(), { description: 'sentences of which a recording is kept' }),
})
export type MyVoice = Static<typeof MyVoice>

export const MyVoiceHeard = Type.Object({
  sentence: Type.String({ description: 'its id' }),
  speechModel: Type.String(),
  transcript: Type.String(),
  words: Type.Integer({ description: 'of the sentence' }),
  wordErrors: Type.Integer({ description: 'both normalized as in comparisons' }),
  audioMs: Type.Number(),
  inferenceMs: Type.Number({ description: 'of the loaded level' }),
})
export type MyVoiceHeard = Static<typeof MyVoiceHeard>
