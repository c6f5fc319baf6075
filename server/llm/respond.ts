import type { Message } from 'ollama'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { createBreather } from '../audio/yielding.ts'
import { QuantvoxError } from '../errors.ts'
import type { Routed } from '../shared/routed.ts'
import { type CleanPiece, cleanReply } from './cleaning.ts'
import { clientFor } from './client.ts'
import { asLlmError, endless, foreignProtocol, tooSlow } from './failures.ts'
import {
  asOllamaCall,
  asOllamaTool,
  callsWritten,
  type Tool,
  type ToolCall,
  ToolCalls,
  toolCallOf,
} from './toolCalls.ts'

export type ChatMessage =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string; toolCalls?: readonly ToolCall[] }
  /** What a call gave. */
  | { role: 'tool'; content: string; toolName: string }

export type ChatSettings = {
  numCtx: number
  /** null leaves it to Ollama, which counts the cores of the machine. */
  numThread: number | null
  /** In Ollama's notation: a duration of Go, or seconds, for ever where negative. Null leaves it to whoever runs Ollama. */
  keepAlive: string | null
  temperature: number
  seed: number | null
  /** Tokens of a reply at most; MAX_REPLY_TOKENS where it is left out. */
  maxTokens?: number
  /** What the model may call; only where it can (`LanguageModels.callsTools`), since Ollama refuses the whole request elsewhere. */
  tools?: readonly Tool[]
  topP?: number
  /** Texts at which the reply ends. */
  stop?: string[]
  /** JSON, by a JSON schema or any. */
  format?: 'json' | object
  /** The messages are not ours to cut: what has no room in the context window is `context_exceeded`. */
  isWhole?: true
  /** What belongs together, for a router in front of several hosts. */
  affinity?: string
  /** It may be for nothing: such a router refuses it rather than have it wait. */
  isSpare?: true
}
export type ChatOptions = ChatSettings & { model: string }

/** What Ollama reports of one reply, milliseconds; null where it does not say. */
export type ReplyStatistics = {
  doneReason: string | null
  totalMs: number | null
  loadMs: number | null
  promptTokens: number | null
  cachedPromptTokens: number | null
  promptEvalMs: number | null
  outputTokens: number | null
  evalMs: number | null
}

export type ReplyPart =
  | Exclude<CleanPiece, { type: 'written-call' }>
  | { type: 'tool-call'; call: ToolCall }
  /** The first one, where a router says who answers. */
  | { type: 'routed'; by: Routed }
  | { type: 'done'; statistics: ReplyStatistics }

/** @param host base URL of Ollama */
export type Respond = (
  host: string,
  messages: ChatMessage[],
  options: ChatOptions,
  signal: AbortSignal,
) => AsyncIterable<ReplyPart>

/** A spoken reply longer than this helps nobody; it bounds a model that never stops. Tokens. */
export const MAX_REPLY_TOKENS = 512
/** A stream that is silent for longer than this is stuck. */
const TOKEN_TIMEOUT_MS = 60_000
/**
 * What `MAX_REPLY_TOKENS` never come to; they bound what does not keep to that. Characters of text and thinking together, objects of
 * the stream, whatever is in them, and milliseconds from the first to the last.
 */
const MAX_REPLY_CHARACTERS = 65_536
const MAX_REPLY_PARTS = 8_192
const MAX_REPLY_MS = 600_000
/** Ollama ends soon behind the end that a model has written; one that goes on is left, and its figures with it. */
const MAX_PARTS_BEHIND_END = 8

/** Models that close a thought which they never opened, by the host that runs them: learned from a reply, for the next. */
const beginThinking = new Set<string>()

const duration = Type.Optional(Type.Number({ minimum: 0 }))
const ChatPart = Type.Object({
  message: Type.Object({
    content: Type.Optional(Type.String()),
    thinking: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    tool_calls: Type.Optional(ToolCalls),
  }),
  done: Type.Boolean(),
  done_reason: Type.Optional(Type.String()),
  total_duration: duration,
  load_duration: duration,
  prompt_eval_count: duration,
  prompt_eval_cached_count: duration,
  prompt_eval_duration: duration,
  eval_count: duration,
  eval_duration: duration,
})
const chatPart = Compile(ChatPart)

/**
 * A reply over Ollama's native chat: clean text and thinking as they come, then one `done` with Ollama's own figures.
 * Closing the connection (the signal) stops generation. Throws `model_not_found`, `engine_unavailable`,
 * `engine_failed`, `engine_timeout`, or the signal's reason.
 */
export const respond: Respond = async function* (host, messages, options, signal) {
  const stuck = new AbortController()
  const stop = AbortSignal.any([signal, stuck.signal])
  const giveUpAfter = (ms: number, what: string) =>
    setTimeout(() => stuck.abort(tooSlow(`${what} ${ms / 1000} s`)), ms)
  let [silence, whole]: NodeJS.Timeout[] = []
  let [characters, parts, behindEnd] = [0, 0, 0]
  const model = `${host} ${options.model}`
  const learned = beginThinking.has(model)
  const tools = options.tools ?? []
  let [finished, hasWrittenCall] = [false, false]
  try {
    let by: Routed | null = null
    const onAnswer = (told: Routed | null) => {
      by = told
    }
    const client = clientFor(host, stop, {
      affinity: options.affinity,
      isPartial: options.isSpare ?? false,
      onAnswer,
    })
    const stream = await client.chat({
      model: options.model,
      messages: messages.map(asOllamaMessage),
      stream: true,
      think: false,
      ...(tools.length === 0 ? {} : { tools: tools.map(asOllamaTool) }),
      ...(options.format === undefined ? {} : { format: options.format }),
      ...(options.isWhole ? { truncate: false } : {}),
      ...keepAliveFor(options),
      options: {
        ...loadOptions(options),
        num_predict: options.maxTokens ?? MAX_REPLY_TOKENS,
        temperature: options.temperature,
        ...(options.topP === undefined ? {} : { top_p: options.topP }),
        ...(options.stop === undefined ? {} : { stop: options.stop }),
        ...(options.seed === null ? {} : { seed: options.seed }),
      },
    })
    if (by !== null) yield { type: 'routed', by }
    // Who sends messages of their own and no tools may well have asked for JSON with a name and arguments.
    const cleaning = cleanReply(learned, options.isWhole === true && tools.length === 0)
    // Hundreds of parts may come at once.
    const breathe = createBreather(stop)
    whole = giveUpAfter(MAX_REPLY_MS, 'did not end its reply within')
    silence = giveUpAfter(TOKEN_TIMEOUT_MS, 'sent no token for')
    for await (const part of stream as AsyncIterable<unknown>) {
      silence.refresh()
      await breathe()
      if (!chatPart.Check(part)) throw foreignProtocol(host)
      const { content = '', thinking: thought } = part.message
      characters += content.length + (thought?.length ?? 0)
      if (++parts > MAX_REPLY_PARTS || characters > MAX_REPLY_CHARACTERS) throw endless(host)
      if (thought) yield { type: 'thinking', text: thought }
      const pieces = cleaning.push(content)
      const isBehindEnd = cleaning.isOver() && ++behindEnd > MAX_PARTS_BEHIND_END
      if (part.done || isBehindEnd) pieces.push(...cleaning.flush())
      if (pieces.some(({ type }) => type === 'restart')) beginThinking.add(model)
      if (learned && part.done && !cleaning.hasClosed()) beginThinking.delete(model)
      for (const call of part.message.tool_calls ?? []) yield { type: 'tool-call', call: toolCallOf(call) }
      let isTalkingOn = false
      for (const piece of pieces) {
        if (piece.type === 'written-call') {
          const calls = callsWritten(piece.text, tools)
          hasWrittenCall ||= calls.length > 0
          for (const call of calls) yield { type: 'tool-call', call }
        } else if (hasWrittenCall && piece.type === 'text') isTalkingOn ||= piece.text.trim() !== ''
        else yield piece
      }
      // Behind a call that it wrote, a model explains the call, or guesses what it will give.
      const isLeft = isBehindEnd || isTalkingOn
      if (!part.done && !isLeft) continue
      finished = part.done
      yield { type: 'done', statistics: statisticsOf(part) }
      return
    }
  } catch (error) {
    signal.throwIfAborted()
    stuck.signal.throwIfAborted()
    throw endedEarly(error) ?? asLlmError(error, host)
  } finally {
    clearTimeout(silence)
    clearTimeout(whole)
    if (!finished) stuck.abort()
  }
}

const asOllamaMessage = (message: ChatMessage): Message => {
  const { role, content } = message
  if (role === 'tool') return { role, content, tool_name: message.toolName }
  if (role !== 'assistant' || message.toolCalls === undefined) return { role, content }
  return { role, content, tool_calls: message.toolCalls.map(asOllamaCall) }
}

/** Options with which a model is loaded: one that differs from the call before loads it anew. */
export const loadOptions = ({ numCtx, numThread }: Pick<ChatSettings, 'numCtx' | 'numThread'>) => ({
  num_ctx: numCtx,
  ...(numThread === null ? {} : { num_thread: numThread }),
})

/** Ollama takes bare seconds as a number only. */
export function keepAliveFor({ keepAlive }: Pick<ChatSettings, 'keepAlive'>): {
  keep_alive?: string | number
} {
  if (keepAlive === null) return {}
  return { keep_alive: /^[-+]?[\d.]+$/.test(keepAlive) ? Number(keepAlive) : keepAlive }
}

/** The client's words for a stream without a final object; Ollama sends none when a model repeats one token 30 times. */
function endedEarly(error: unknown): QuantvoxError | null {
  if (!(error instanceof Error) || !/^Did not receive done/.test(error.message)) return null
  return new QuantvoxError('engine_failed', 'Ollama ended the reply without its final figures.', {
    meaning: 'The model repeated itself without end, or its runner died.',
    mend: 'Ask again, or choose another model or quantization.',
    cause: error,
  })
}

function statisticsOf(part: Static<typeof ChatPart>): ReplyStatistics {
  const ms = (nanoseconds: number | undefined) => (nanoseconds === undefined ? null : nanoseconds / 1e6)
  return {
    doneReason: part.done_reason ?? null,
    totalMs: ms(part.total_duration),
    loadMs: ms(part.load_duration),
    promptTokens: part.prompt_eval_count ?? null,
    cachedPromptTokens: part.prompt_eval_cached_count ?? null,
    promptEvalMs: ms(part.prompt_eval_duration),
    outputTokens: part.eval_count ?? null,
    evalMs: ms(part.eval_duration),
  }
}
