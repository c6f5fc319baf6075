import { randomUUID } from 'node:crypto'
import Type, { type Static } from 'typebox'

/** A function that the model may call. */
export type Tool = {
  name: string
  description: string
  /** JSON Schema of an object. */
  parameters: Record<string, unknown>
}

/** One call that the model asks for; nothing of it was checked against the tool's parameters. */
export type ToolCall = {
  /** The engine's, or one of our own where it has none. */
  id: string
  name: string
  arguments: Record<string, unknown>
}

/** As Ollama streams them, in a message before the last. */
export const ToolCalls = Type.Array(
  Type.Object({
    id: Type.Optional(Type.String()),
    function: Type.Object({ name: Type.String(), arguments: Type.Record(Type.String(), Type.Unknown()) }),
  }),
)

export const asOllamaTool = ({ name, description, parameters }: Tool) => ({
  type: 'function',
  function: { name, description, parameters },
})

/** Ollama names the tool in an answer, not the call. */
export const asOllamaCall = ({ name, arguments: given }: ToolCall) => ({
  function: { name, arguments: given },
})

export const toolCallOf = ({ id, function: called }: Static<typeof ToolCalls>[number]): ToolCall => ({
  id: id ?? newCallId(),
  name: called.name,
  arguments: called.arguments,
})

/**
 * The calls that a model wrote as text, where it is not one of those whose calls Ollama reads: bare or fenced JSON of Qwen2.5 Coder,
 * between tags, or `<function=name>{…}`. Only of tools that it was offered.
 */
export function callsWritten(text: string, tools: readonly Tool[]): ToolCall[] {
  const tagged = /^<function=([^>\n]+)>([\s\S]*)$/.exec(text.trim())
  const calls = tagged ? [{ name: tagged[1], arguments: parsed(tagged[2] ?? '') }] : [parsed(text)].flat()
  return calls.flatMap(call => {
    const { name, called, given } = writtenCall(call)
    const wanted = name ?? (typeof called === 'string' ? called : undefined)
    if (!tools.some(tool => tool.name === wanted)) return []
    return [{ id: newCallId(), name: String(wanted), arguments: objectOf(given) }]
  })
}

/** Whether a text that is JSON is a call of a tool, or several. */
export function isCall(json: string): boolean {
  const calls = parsed(json)
  if (calls === undefined) return false
  return [calls].flat().every(call => {
    const { name, called, given, type } = writtenCall(call)
    return (name ?? called) !== undefined && (given ?? type) !== undefined
  })
}

/** As the formats name it; `function` holds the name, or the whole call. */
function writtenCall(call: unknown) {
  const { name, function: called, tool, tool_name, parameters, args, input, type, ...rest } = Object(call)
  const inner = Object(typeof called === 'object' ? called : undefined)
  const given = rest.arguments ?? parameters ?? args ?? input ?? inner.arguments ?? inner.parameters
  return { name: name ?? tool ?? tool_name ?? inner.name, called, given, type }
}

/** Some write the arguments as a text that is JSON. */
function objectOf(given: unknown): Record<string, unknown> {
  const value = typeof given === 'string' ? parsed(given) : given
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const newCallId = () => `call_${randomUUID()}`
