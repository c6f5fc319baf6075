import type { Conversation } from '../../../conversation/conversations.ts'
import type { ChatMessage } from '../../../conversation/prompt.ts'
import { createTokenEstimator } from '../../../conversation/tokenEstimate.ts'
import { QuantvoxError } from '../../../errors.ts'
import type { Item } from './items.ts'

/** Cut down to this share of the window at once, so that the beginning of the prompt stays the same for many turns. */
const KEPT_SHARE = 0.7

/**
 * What the language model remembers where clients keep the history: the items as they are when a reply is asked for, behind the
 * instructions of that moment. Nothing is appended here: what was said and heard are items already.
 */
export function conversationOf(
  id: string,
  items: () => readonly Item[],
  instructions: () => string,
): Conversation {
  const estimator = createTokenEstimator()

  function build(
    wanted: { contextTokens: number; reserveTokens: number },
    more: ChatMessage[],
  ): ChatMessage[] {
    const system: ChatMessage[] = instructions() === '' ? [] : [{ role: 'system', content: instructions() }]
    const said = merged([...items().flatMap(messageOf), ...more])
    const budget = wanted.contextTokens - wanted.reserveTokens
    if (estimator.estimate([...system, ...said]) <= budget) return [...system, ...said]
    for (let from = 1; from < said.length; from++) {
      const messages = [...system, ...said.slice(from)]
      if (said[from]?.role === 'user' && estimator.estimate(messages) <= KEPT_SHARE * budget) return messages
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
    append() {},
  }
}

function messageOf(item: Item): ChatMessage[] {
  if (item.type !== 'message') return []
  const content = item.content
    .map(part => ('text' in part ? part.text : (part.transcript ?? '')))
    .join(' ')
    .trim()
  return content === '' ? [] : [{ role: item.role, content }]
}

/** Templates want user and assistant to take turns. */
function merged(messages: ChatMessage[]): ChatMessage[] {
  const result: ChatMessage[] = []
  for (const message of messages) {
    const last = result.at(-1)
    if (last?.role === message.role)
      result[result.length - 1] = { ...last, content: `${last.content}\n${message.content}` }
    else result.push(message)
  }
  return result
}
