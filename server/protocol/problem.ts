import Type, { type Static } from 'typebox'

/** RFC 9457 problem details; `code`, `meaning` and `mend` are ours. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'urn:quantvox:error:<code>' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'what happened' }),
    code: Type.String(),
    meaning: Type.Optional(Type.String({ description: 'what it means for you' })),
    mend: Type.Optional(Type.String({ description: 'what mends it' })),
    turnId: Type.Optional(Type.String({ description: 'the row that was written all the same' })),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details' },
)
export type Problem = Static<typeof Problem>
