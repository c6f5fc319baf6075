import type { Conversation, Conversations } from '../../../conversation/conversations.ts'
import type { Asking, ChatMessage } from '../../../conversation/prompt.ts'
import { createTokenEstimator } from '../../../conversation/tokenEstimate.ts'
import { QuantvoxError } from '../../../errors.ts'
import { isTooDeep } from '../givenObject.ts'
import type { FunctionCall, Item } from './items.ts'
import type { Tool, ToolChoice } from './wire/sessionShape.ts'

/** How a reply is to be: what a session says, or one response of it. */
export type Manner = {
  instructions: string
  tools: Tool[]
  toolChoice: ToolChoice
  maxOutputTokens: number | 'inf'
}

/** Cut down to this share of the window at once, so that the beginning of the prompt stays the same for many turns. */
const KEPT_SHARE = 0.7

/**
 * What the language model remembers where clients keep the history: the items as they are when a reply is asked for, behind the
 * instructions of that moment. Nothing is appended here: what was said and heard are items already.
 */
export function conversationOf(id: string, items: () => readonly Item[], manner: () => Manner): Conversation {
  const estimator = createTokenEstimator()

  function build(
    wanted: { contextTokens: number; reserveTokens: number },
    more: ChatMessage[],
  ): ChatMessage[] {
    const { instructions } = manner()
    const system: ChatMessage[] = instructions === '' ? [] : [{ role: 'system', content: instructions }]
    const said = merged([...messagesOf(items()), ...more])
    const budget = wanted.contextTokens - wanted.reserveTokens
    const tokens = said.map(message => estimator.estimate([message]))
    let rest = tokens.reduce((sum, one) => sum + one, estimator.estimate(system))
    if (rest <= budget) return [...system, ...said]
    for (const [index, one] of tokens.entries()) {
      rest -= one
      if (said[index + 1]?.role === 'user' && rest <= KEPT_SHARE * budget)
        return [...system, ...said.slice(index + 1)]
    }
    throw new QuantvoxError('context_exceeded', 'The instructions and the last question have no room.', {
      meaning: `${budget} tokens have.`,
      mend: 'Say it in fewer words, or set NUM_CTX higher.',
    })
  }

  return {
    id,
    turns: () => [],
    prompt: wanted => build(wanted, []),
    foresee: wanted => build(wanted, [{ role: 'user', content: wanted.userText }]),
    observe: estimator.observe,
    asking: () => askingOf(manner()),
    append() {},
    announced() {},
  }
}

/** A model cannot be made to call a function: the one that is named is the only one that it is given. */
function askingOf({ tools, toolChoice, maxOutputTokens }: Manner): Asking {
  const given = tools.filter(({ name }) => typeof toolChoice === 'string' || name === toolChoice.name)
  return {
    ...(toolChoice === 'none' || given.length === 0 ? {} : { tools: given.map(plainTool) }),
    ...(maxOutputTokens === 'inf' ? {} : { maxTokens: maxOutputTokens }),
  }
}

const plainTool = ({ name, description = '', parameters = {} }: Tool) => ({
  ...{ name, description, parameters: { type: 'object', properties: {}, ...parameters } },
})

function messagesOf(items: readonly Item[]): ChatMessage[] {
  const calls = new Map<string, FunctionCall>()
  for (const item of items) if (item.type === 'function_call') calls.set(item.call_id, item)
  return items.flatMap((item): ChatMessage[] => {
    if (item.type === 'function_call') {
      const { call_id: id, name } = item
      return [{ role: 'assistant', content: '', toolCalls: [{ id, name, arguments: argumentsIn(item) }] }]
    }
    if (item.type === 'function_call_output') {
      const { call_id, output } = item
      return [{ role: 'tool', content: output, toolName: calls.get(call_id)?.name ?? call_id }]
    }
    const content = wordsOf(item)
    return content === '' ? [] : [{ role: item.role, content }]
  })
}

function argumentsIn({ arguments: json }: FunctionCall): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !isTooDeep(value) ? { ...value } : {}
  } catch {
    return {}
  }
}

/** What was said in a message. */
export function wordsOf({ content }: Extract<Item, { type: 'message' }>): string {
  return content
    .map(part => ('text' in part ? part.text : (part.transcript ?? '')))
    .join(' ')
    .trim()
}

/** Templates want user and assistant to take turns. Each text is joined once, however many there are. */
function merged(messages: ChatMessage[]): ChatMessage[] {
  const groups: ChatMessage[][] = []
  for (const message of messages) {
    const last = groups.at(-1)
    if (last !== undefined && message.role !== 'tool' && last[0]?.role === message.role) last.push(message)
    else groups.push([message])
  }
  return groups.map(group => {
    const [first] = group as [ChatMessage]
    if (group.length === 1) return first
    const content = group.flatMap(message => message.content || []).join('\n')
    if (first.role !== 'assistant') return { ...first, content }
    const toolCalls = group.flatMap(message => ('toolCalls' in message ? (message.toolCalls ?? []) : []))
    return { ...first, content, ...(toolCalls.length === 0 ? {} : { toolCalls }) }
  })
}

/** Of a session whose client has the history: there is no other, and the record has nothing to go on with. */
export function onlyConversation(conversation: Conversation): Conversations {
  return {
    open: () => conversation,
    count: () => 1,
    recall: async () => {},
    catchUp: async () => {},
    forget() {},
  }
}
