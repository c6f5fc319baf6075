import { createHash } from 'node:crypto'
import type { ChatMessage } from './respond.ts'
import type { Tool } from './toolCalls.ts'

/** UTF-8 bytes a token, and what a chat template puts around a message: English has more bytes, so this counts rather too many. */
const BYTES_PER_TOKEN = 3
const TOKENS_PER_MESSAGE = 8

/** What of a prompt a model's cache has: messages, each by its hash, so that no words are kept here. */
export type ReadPrompts = {
  /**
   * Tokens of `messages`, rather too many than too few, behind what the model has read already. It is taken for granted that
   * Ollama keeps the last prompt only, with its reply (OLLAMA_NUM_PARALLEL=1), and that nobody else uses the model.
   */
  unreadTokens(model: string, messages: readonly ChatMessage[]): number
  /** It is asked this: for all that is known it has read no more than what it had of it. */
  asked(model: string, messages: readonly ChatMessage[]): void
  /** It has read this, and written `reply`; null where that was more than stands in a later prompt. */
  read(model: string, messages: readonly ChatMessage[], reply: string | null): void
}

export function createReadPrompts(): ReadPrompts {
  const known = new Map<string, string[]>()

  /** How many of the messages it has from the first on. */
  function countRead(model: string, messages: readonly ChatMessage[]): number {
    const last = known.get(model) ?? []
    const firstUnread = messages.findIndex((message, index) => hashOf(message) !== last[index])
    return firstUnread < 0 ? messages.length : firstUnread
  }

  return {
    unreadTokens: (model, messages) => tokensOf(messages.slice(countRead(model, messages))),
    asked(model, messages) {
      known.set(model, messages.slice(0, countRead(model, messages)).map(hashOf))
    },
    read(model, messages, reply) {
      const answer = reply === null ? [] : [{ role: 'assistant' as const, content: reply.trim() }]
      known.set(model, [...messages, ...answer].map(hashOf))
    },
  }
}

const hashOf = (message: ChatMessage) => {
  const calls = 'toolCalls' in message ? message.toolCalls : []
  const said = JSON.stringify([message.role, message.content, calls])
  return createHash('sha256').update(said).digest('base64')
}

const tokensOf = (messages: readonly ChatMessage[]) =>
  messages.reduce(
    (tokens, { content }) => tokens + TOKENS_PER_MESSAGE + Buffer.byteLength(content) / BYTES_PER_TOKEN,
    0,
  )

/** Templates put tools in front of the conversation. */
export const withTools = (
  messages: readonly ChatMessage[],
  tools: readonly Tool[],
): readonly ChatMessage[] =>
  tools.length === 0 ? messages : [{ role: 'system', content: JSON.stringify(tools) }, ...messages]
