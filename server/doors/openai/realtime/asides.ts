import type { QuantvoxError } from '../../../errors.ts'
import { askOnce } from '../../../session/askOnce.ts'
import type { Sink } from '../../../session/events.ts'
import { type Item, newId } from './items.ts'
import { conversationOf, type Manner, onlyConversation } from './memory.ts'
import type { RepliesOptions } from './replies.ts'
import { createResponse, finishResponse, type Response, tellResponse } from './response.ts'
import type { ResponseWanted } from './wire/clientEvents.ts'
import { Refusal } from './wire/refusal.ts'

/** Responses beside the conversation at once. */
const MAX_ASIDES = 4

type Aside = {
  wanted: ResponseWanted
  manner: Manner
  /** What is asked, for the record. */
  text: string
  items(): readonly Item[]
  voice: string
  isSpoken: boolean
}

/** Responses that are no part of the conversation (`conversation: "none"`): turns of their own, beside what goes on in it. */
export function createAsides(
  options: Omit<RepliesOptions, 'respond' | 'items' | 'memory' | 'configuration'>,
) {
  const { emit, stages, dependencies, log } = options
  const open = new Map<string, { stop: AbortController; over: Promise<void> }>()

  async function answer(response: Response, aside: Aside, signal: AbortSignal): Promise<void> {
    const memory = conversationOf(newId('conv'), aside.items, () => aside.manner)
    let failure: QuantvoxError | null = null
    const sink: Sink = {
      async play({ samples }) {
        response.audio(samples)
        return await options.flushed()
      },
      tell(event) {
        if (event.type === 'error') failure = event.error
        else if (event.type === 'turn.done') finishResponse(response, event.timings, failure)
        else tellResponse(response, event)
      },
    }
    await askOnce(
      {
        input: { text: aside.text },
        choices: { llmModel: options.model(), voice: aside.isSpoken ? aside.voice : 'none' },
        ...{ source: dependencies.source, arrivedAtMs: performance.now() },
      },
      {
        stages: { ...stages, conversations: onlyConversation(memory) },
        ...{ replies: dependencies.replies, sink, log },
      },
      signal,
    )
    open.delete(response.id)
  }

  return {
    /** @throws Refusal where too many are under way */
    ask(aside: Aside): void {
      if (open.size >= MAX_ASIDES) {
        const message = `${MAX_ASIDES} responses beside the conversation are under way already.`
        throw new Refusal('too_many_responses', message)
      }
      const { wanted, manner, voice, isSpoken } = aside
      const response = createResponse({
        ...{ items: null, conversation_id: null, emit, isSpoken, voice },
        ...{ metadata: wanted.metadata ?? null, max_output_tokens: manner.maxOutputTokens },
      })
      const stop = new AbortController()
      open.set(response.id, { stop, over: answer(response, aside, stop.signal) })
    },
    /** False for one that is not under way. */
    cancel(responseId: string): boolean {
      const aside = open.get(responseId)
      aside?.stop.abort(new Error('its client cancels it'))
      return aside !== undefined
    },
    async close(): Promise<void> {
      const left = [...open.values()]
      for (const { stop } of left) stop.abort(new Error('the session is over'))
      await Promise.all(left.map(({ over }) => over))
    },
  }
}
