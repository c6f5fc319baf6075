import type { LanguageModelLease, LanguageModelLeases, WantedModel } from './lease.ts'
import type { ChatMessage } from './respond.ts'
import type { Tool } from './toolCalls.ts'

/** Does `work` in a place and gives it back, whatever happens. */
export async function inPlace<T>(
  leases: LanguageModelLeases,
  model: WantedModel,
  owner: string,
  signal: AbortSignal,
  work: (lease: LanguageModelLease) => Promise<T>,
): Promise<T> {
  const lease = await leases.acquire(model, owner, signal)
  try {
    return await work(lease)
  } finally {
    lease.release()
  }
}

/** What one token takes to end, where a machine is busy; a model that hangs behind it must not keep the place. */
const ENDED_WITHIN_MS = 1000

/**
 * Loads the model and has it read the system prompt and the tools, which stay in its cache. The first token is enough for that, and
 * the first request of a process pays for what later ones use. To its end: what a load takes is known from it. Milliseconds.
 */
export async function warm(
  lease: LanguageModelLease,
  systemPrompt: string,
  signal: AbortSignal,
  tools: readonly Tool[] = [],
): Promise<number> {
  const startedAt = performance.now()
  const messages: ChatMessage[] = [
    { role: 'system', content: systemPrompt },
    { role: 'user', content: 'Hello.' },
  ]
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  try {
    const until = AbortSignal.any([signal, late.signal])
    for await (const _part of lease.respond(messages, until, { maxTokens: 1, tools }))
      timer ??= setTimeout(() => late.abort(), ENDED_WITHIN_MS)
  } catch (error) {
    if (signal.aborted || !late.signal.aborted) throw error
  } finally {
    clearTimeout(timer)
  }
  return performance.now() - startedAt
}
