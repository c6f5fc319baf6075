import { QuantvoxError } from '../errors.ts'

type ToolCall = { id: string; name: string; arguments: Record<string, unknown> }

export type ChatMessage =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string; toolCalls?: readonly ToolCall[] }
  /** What a call gave. */
  | { role: 'tool'; content: string; toolName: string }

/** How a reply is asked for beside its messages; `parameters` is a JSON schema. */
export type Asking = {
  tools?: readonly { name: string; description: string; parameters: Record<string, unknown> }[]
  maxTokens?: number
  temperature?: number
  seed?: number
  topP?: number
  /** Texts at which the reply ends. */
  stop?: string[]
  /** JSON, by a JSON schema or any. */
  format?: 'json' | object
  /** The messages are not ours to cut: what has no room in the context window is `context_exceeded`. */
  isWhole?: true
}

/** One exchange as the model should remember it. `heard` is '' where the user heard nothing of the reply. */
export type Turn = { user: string; heard: string }

export type PromptOptions = {
  systemPrompt: string
  history: readonly Turn[]
  userText: string
  /** The model's context window, in tokens. */
  contextTokens: number
  /** Of them kept free for the reply. */
  reserveTokens: number
  estimateTokens: (messages: readonly ChatMessage[]) => number
}

type Prompt = {
  messages: ChatMessage[]
  estimatedTokens: number
  /** How many of the oldest turns had no room. Drop them from the history for good, or the cut moves every turn. */
  droppedTurns: number
}

/**
 * When the window is full, the history is cut down to this share of it, not just below the brim: every cut changes
 * the beginning of the prompt and so costs the prompt cache, and this way it happens once in many turns. A choice,
 * not a measurement.
 */
const KEPT_SHARE = 0.7

/**
 * The messages for the next reply: system prompt, history, the user's text. As long as no turn is dropped, each prompt
 * begins with the messages of the one before (with an unanswered last message grown longer), byte for byte.
 * Whole turns are dropped, oldest first.
 * @throws QuantvoxError `context_exceeded` if the user's text does not fit even with no history
 */
export function buildPrompt(options: PromptOptions): Prompt {
  const budget = options.contextTokens - options.reserveTokens
  const promptOf = (droppedTurns: number): Prompt => {
    const messages = toMessages(options.systemPrompt, options.history.slice(droppedTurns), options.userText)
    return { messages, droppedTurns, estimatedTokens: options.estimateTokens(messages) }
  }
  let prompt = promptOf(0)
  if (prompt.estimatedTokens <= budget) return prompt
  for (let dropped = 1; dropped <= options.history.length; dropped++) {
    prompt = promptOf(dropped)
    if (prompt.estimatedTokens <= KEPT_SHARE * budget) return prompt
  }
  if (prompt.estimatedTokens <= budget) return prompt
  throw new QuantvoxError(
    'context_exceeded',
    `The question is about ${prompt.estimatedTokens} tokens long with the system prompt, and ${budget} have room.`,
    {
      meaning: 'The language model would have seen only a part of it, so it was not asked.',
      mend: 'Say it in fewer words, or set NUM_CTX higher.',
    },
  )
}

/**
 * A turn of whose reply nothing was heard leaves a user message without an answer. It joins the next one: the model
 * sees that the user spoke twice, and templates that want user and assistant to alternate are satisfied.
 */
function toMessages(systemPrompt: string, history: readonly Turn[], userText: string): ChatMessage[] {
  const messages: ChatMessage[] = systemPrompt === '' ? [] : [{ role: 'system', content: systemPrompt }]
  let unanswered = ''
  for (const turn of history) {
    const content = unanswered + turn.user
    if (turn.heard === '') {
      unanswered = `${content}\n`
      continue
    }
    messages.push({ role: 'user', content }, { role: 'assistant', content: turn.heard })
    unanswered = ''
  }
  messages.push({ role: 'user', content: unanswered + userText })
  return messages
}
