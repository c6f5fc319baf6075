import Type, { type Static, type TSchema } from 'typebox'
import { nullable } from '../../../../protocol/nullable.ts'
import { GivenObject } from '../../givenObject.ts'

/** How a Realtime session is configured, as clients say it and are told it. What these schemas do not name is ignored. */

/** Longer instructions have no room in any context window. */
const MAX_INSTRUCTIONS = 200_000
const MAX_TOOLS = 128
const MAX_NAME = 100

const optional = <T extends TSchema>(schema: T) => Type.Optional(nullable(schema))
const name = Type.String({ maxLength: MAX_NAME })

const Format = Type.Object({
  type: Type.Literal('audio/pcm'),
  rate: Type.Optional(Type.Literal(24_000)),
})

const TurnDetection = Type.Object({
  type: Type.Enum(['server_vad', 'semantic_vad']),
  silence_duration_ms: optional(Type.Number({ minimum: 0, maximum: 60_000 })),
  eagerness: optional(Type.Enum(['low', 'medium', 'high', 'auto'])),
  create_response: optional(Type.Boolean()),
  interrupt_response: optional(Type.Boolean()),
})

const Transcription = Type.Object({
  model: optional(name),
  language: optional(Type.String({ maxLength: 20 })),
})

export const Tool = Type.Object({
  type: Type.Literal('function'),
  name: Type.String({ minLength: 1, maxLength: MAX_NAME }),
  description: Type.Optional(Type.String({ maxLength: 20_000 })),
  parameters: Type.Optional(GivenObject),
})
export type Tool = Static<typeof Tool>

const ToolChoice = Type.Union([
  Type.Enum(['none', 'auto', 'required']),
  Type.Object({ type: Type.Literal('function'), name }),
])
export type ToolChoice = Static<typeof ToolChoice>

export const Modalities = Type.Array(Type.Enum(['text', 'audio']), { minItems: 1, maxItems: 2 })
export const Voice = Type.Union([name, Type.Object({ id: name })])
const MaxTokens = Type.Union([Type.Integer({ minimum: 1, maximum: 4096 }), Type.Literal('inf')])

/** What a session and one response of it may both say. */
export const answering = {
  instructions: optional(Type.String({ maxLength: MAX_INSTRUCTIONS })),
  output_modalities: optional(Modalities),
  tools: optional(Type.Array(Tool, { maxItems: MAX_TOOLS })),
  tool_choice: optional(ToolChoice),
}
const Output = Type.Object({ format: optional(Format), voice: optional(Voice) })
export const outputTokens = optional(MaxTokens)

export const SessionUpdate = Type.Object({
  type: optional(Type.Enum(['realtime', 'transcription'])),
  model: optional(Type.String({ maxLength: 200 })),
  ...answering,
  max_output_tokens: outputTokens,
  audio: optional(
    Type.Object({
      input: optional(
        Type.Object({
          format: optional(Format),
          transcription: optional(Transcription),
          turn_detection: optional(TurnDetection),
        }),
      ),
      output: optional(Output),
    }),
  ),
})
export type SessionUpdate = Static<typeof SessionUpdate>
export const ResponseAudio = optional(Type.Object({ output: optional(Output) }))

type Pcm = { type: 'audio/pcm'; rate: 24000 }
export type Eagerness = 'low' | 'medium' | 'high' | 'auto'

/** What is in force of how turns are found; null: only `commit` ends one. */
export type TurnDetectionShape =
  | {
      type: 'server_vad'
      threshold: number
      prefix_padding_ms: number
      silence_duration_ms: number
      create_response: boolean
      interrupt_response: boolean
    }
  | { type: 'semantic_vad'; eagerness: Eagerness; create_response: boolean; interrupt_response: boolean }
  | null

type InputShape = {
  format: Pcm
  transcription: { model: string; language?: string } | null
  turn_detection: TurnDetectionShape
}

type Named = { object: 'realtime.session'; id: string; expires_at?: number }

/** What is in force, whatever a client asked for. */
export type SessionShape = Named &
  (
    | {
        type: 'realtime'
        model: string
        output_modalities: ('text' | 'audio')[]
        instructions: string
        audio: { input: InputShape; output: { format: Pcm; voice: string; speed: 1 } }
        tools: Tool[]
        tool_choice: ToolChoice
        max_output_tokens: number | 'inf'
        tracing: null
        truncation: 'auto'
      }
    | { type: 'transcription'; audio: { input: InputShape } }
  )
