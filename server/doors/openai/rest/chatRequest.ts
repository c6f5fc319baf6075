import Type, { type Static } from 'typebox'
import { decodeAudio } from '../../../audio/decodeAudio.ts'
import type { Asking, ChatMessage } from '../../../conversation/prompt.ts'
import type { Tool } from '../../../llm/toolCalls.ts'
import type { ChatInput } from '../../../session/parts/chat.ts'
import { lenientCheck, withoutNulls } from '../../lenientCheck.ts'
import { MAX_CLIP_SECONDS } from '../../rest/turns/oneShotTurns.ts'
import { wrong } from '../errors.ts'
import { GivenObject, isTooDeep } from '../givenObject.ts'
import { type AudioJson, audioOf } from './audioJson.ts'
import { VoiceName } from './speech.ts'

const Part = Type.Object({
  type: Type.String({ description: 'text or input_audio' }),
  text: Type.Optional(Type.String()),
  input_audio: Type.Optional(
    Type.Object({ data: Type.String({ description: 'base64' }), format: Type.Optional(Type.String()) }),
  ),
})
const Call = Type.Object({
  id: Type.Optional(Type.String()),
  function: Type.Object({ name: Type.String(), arguments: Type.String({ description: 'JSON' }) }),
})
const Message = Type.Object({
  role: Type.Enum(['developer', 'system', 'user', 'assistant', 'tool']),
  content: Type.Optional(Type.Union([Type.String(), Type.Array(Part)])),
  tool_calls: Type.Optional(Type.Array(Call)),
  tool_call_id: Type.Optional(Type.String()),
  audio: Type.Optional(Type.Object({ id: Type.String({ description: 'of a reply that was spoken here' }) })),
})
type Message = Static<typeof Message>
const Called = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  description: Type.Optional(Type.String()),
  parameters: Type.Optional(GivenObject),
})
const Schema = Type.Object({
  type: Type.Enum(['text', 'json_object', 'json_schema']),
  json_schema: Type.Optional(Type.Object({ schema: Type.Optional(GivenObject) })),
})
const Choice = Type.Union([
  Type.Enum(['none', 'auto', 'required']),
  Type.Object({ function: Type.Object({ name: Type.String() }) }),
])

export const ChatBody = Type.Object({
  messages: Type.Array(Message, { minItems: 1 }),
  model: Type.Optional(Type.String({ maxLength: 200 })),
  stream: Type.Optional(Type.Boolean()),
  stream_options: Type.Optional(Type.Object({ include_usage: Type.Optional(Type.Boolean()) })),
  tools: Type.Optional(
    Type.Array(Type.Object({ type: Type.Literal('function'), function: Called }), { maxItems: 128 }),
  ),
  tool_choice: Type.Optional(Choice),
  parallel_tool_calls: Type.Optional(Type.Boolean()),
  max_tokens: Type.Optional(Type.Integer({ minimum: 1 })),
  max_completion_tokens: Type.Optional(Type.Integer({ minimum: 1 })),
  temperature: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
  top_p: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  stop: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: 4 })])),
  seed: Type.Optional(Type.Integer()),
  response_format: Type.Optional(Schema),
  modalities: Type.Optional(Type.Array(Type.Enum(['text', 'audio']))),
  audio: Type.Optional(
    Type.Object({ format: Type.String({ maxLength: 40 }), voice: Type.Optional(VoiceName) }),
  ),
  n: Type.Optional(Type.Integer({ minimum: 1, maximum: 1, description: 'one answer' })),
})
export type ChatBody = Static<typeof ChatBody>
const check = lenientCheck(ChatBody)

/** @throws QuantvoxError `invalid_request` */
export function readChat(json: unknown): ChatBody {
  const body = Object(json)
  return check({
    ...body,
    ...(Array.isArray(body.messages) ? { messages: body.messages.map(withoutNulls) } : {}),
  })
}

/** How the reply is to be made; what is left out is as the server's settings have it. */
export function askingOf(body: ChatBody, contextTokens: number): Asking {
  const { temperature, top_p, stop, seed, response_format: format } = body
  const tools = toolsOf(body)
  return {
    isWhole: true,
    // One that never stops must leave others the place some time.
    maxTokens: Math.min(body.max_completion_tokens ?? body.max_tokens ?? contextTokens / 4, contextTokens),
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { topP: top_p }),
    ...(stop === undefined ? {} : { stop: [stop].flat() }),
    ...(seed === undefined ? {} : { seed }),
    ...(format === undefined || format.type === 'text'
      ? {}
      : { format: format.json_schema?.schema ?? 'json' }),
    ...(tools.length === 0 ? {} : { tools }),
  }
}

/** Ollama calls what it likes: a choice can only be made by what it is offered. */
function toolsOf({ tools = [], tool_choice: choice = 'auto' }: ChatBody): Tool[] {
  if (choice === 'none') return []
  const offered = tools.map(({ function: { name, description = '', parameters } }) => ({
    ...{ name, description, parameters: (parameters ?? { type: 'object' }) as Tool['parameters'] },
  }))
  if (typeof choice === 'string') return offered
  const { name } = choice.function
  const chosen = offered.filter(tool => tool.name === name)
  if (chosen.length === 0) throw wrong('tool_choice', `There is no tool "${name.slice(0, 60)}" in "tools".`)
  return chosen
}

/**
 * The messages as the model gets them.
 * @param spoken what a reply that was spoken here said, by its id; null where that is not kept
 */
export async function messagesOf(
  { messages }: ChatBody,
  body: AudioJson,
  maxAudioBytes: number,
  spoken: (id: string) => Promise<string | null>,
): Promise<ChatInput[]> {
  const names = new Map(
    messages.flatMap(({ tool_calls = [] }) => tool_calls.map(call => [call.id ?? '', call.function.name])),
  )
  return await Promise.all(
    messages.map(async (message, at) => {
      const { role, tool_calls: calls = [], tool_call_id: id = '', audio } = message
      const { text, clips } = contentOf(message, at, body, maxAudioBytes)
      const content = text === '' && audio !== undefined ? ((await spoken(audio.id)) ?? '') : text
      const toolCalls = calls.map((call, i) => callOf(call, `messages.${at}.tool_calls.${i}`))
      const toModel: ChatMessage =
        role === 'tool'
          ? { role, content, toolName: names.get(id) ?? '' }
          : role === 'assistant'
            ? { role, content, ...(toolCalls.length === 0 ? {} : { toolCalls }) }
            : { role: role === 'developer' ? 'system' : role, content }
      return { message: toModel, clips }
    }),
  )
}

function contentOf({ content = '' }: Message, at: number, body: AudioJson, maxBytes: number) {
  const texts: string[] = []
  const clips: ChatInput['clips'] = []
  for (const [i, part] of (typeof content === 'string'
    ? [{ type: 'text', text: content }]
    : content
  ).entries()) {
    const { type, text, input_audio: sound } = part as Static<typeof Part>
    if (type === 'text' && text !== undefined) texts.push(text)
    else if (type === 'input_audio' && sound !== undefined) {
      const bytes = audioOf(sound.data, body)
      clips.push({ decode: signal => decodeAudio(bytes, { maxBytes, maxSeconds: MAX_CLIP_SECONDS }, signal) })
    } else if (type !== 'refusal') {
      const what = `Content of type "${type.slice(0, 40)}" is not understood here.`
      throw wrong(`messages.${at}.content.${i}`, what, 'Send text or input_audio.')
    }
  }
  return { text: texts.join('\n'), clips }
}

/** OpenAI has arguments as text, Ollama as an object. */
function callOf({ id = '', function: called }: Static<typeof Call>, param: string) {
  try {
    const given: unknown = called.arguments === '' ? {} : JSON.parse(called.arguments)
    if (typeof given === 'object' && given !== null && !Array.isArray(given) && !isTooDeep(given))
      return { id, name: called.name, arguments: given as Record<string, unknown> }
  } catch {
    // Told below.
  }
  throw wrong(
    `${param}.function.arguments`,
    'The arguments of a call are no JSON object, or a very deep one.',
  )
}
