import { sleep } from '../../abort.ts'
import type { ChatMessage } from '../../llm/respond.ts'
import type { ToolCall } from '../../llm/toolCalls.ts'
import type { ToolOutcome } from '../../protocol/record.ts'
import { isYes } from '../../tools/confirmation.ts'
import type { ToolSession } from '../../tools/toolbox.ts'
import type { Question, QuestionContext } from '../questions/question.ts'

type RoundContext = Pick<QuestionContext, 'stages' | 'turn' | 'sink' | 'signal'>
type CallContext = RoundContext & { toolSession: ToolSession | null }

/** The model is asked so often for one question; the last time without tools, so that it has to answer. */
export const MOST_ROUNDS = 6
/** Silence after which something is said, where the reply has not begun. */
const FILLER_AFTER_MS = 1000
export const FILLER = 'One moment.'

/**
 * Has calls of a model done, one after the other, and gives what it is told of them. Throws the signal's reason only.
 * @param quiet something is to be said, since the user waits
 */
export async function runCalls(
  calls: readonly ToolCall[],
  { stages: { tools, settings }, turn, sink, signal, toolSession }: CallContext,
  quiet: () => void,
): Promise<ChatMessage[]> {
  const { turnId, draft } = turn
  const { speech, llm, synthesis } = draft
  const models = { speech: speech.model, language: llm.model ?? '', voice: synthesis.voice ?? 'none' }
  const done = new AbortController()
  sleep(FILLER_AFTER_MS, AbortSignal.any([signal, done.signal])).then(quiet, () => {})
  try {
    const results: ChatMessage[] = []
    for (const { name, arguments: given } of calls) {
      sink.tell({ type: 'tool.started', turnId, name })
      const startedAtMs = performance.now()
      const end = (outcome: ToolOutcome, ms: number) => {
        draft.tools.push({ name, outcome, startedAtMs, ms })
        sink.tell({ type: 'tool.done', turnId, name, outcome, ms })
      }
      try {
        const { outcome, ms, content } = await tools.call(
          { name, arguments: given },
          // A byte a token takes about a third of the window.
          { turnId, models, roomBytes: settings.contextTokens, session: toolSession },
          signal,
        )
        end(outcome, ms)
        results.push({ role: 'tool', toolName: name, content })
      } catch (error) {
        end('cancelled', performance.now() - startedAtMs)
        throw error
      }
    }
    return results
  } finally {
    done.abort()
  }
}

/** The calls of earlier rounds of a turn. A small model calls the same again and again: it has what that gave, and has to answer. */
export function createMadeCalls(first: readonly ToolCall[]) {
  const keyOf = ({ name, arguments: given }: ToolCall) => JSON.stringify([name, given])
  const made = new Set(first.map(keyOf))
  return {
    /** Gives those that were not made before. */
    add(calls: readonly ToolCall[]): ToolCall[] {
      const fresh = calls.filter(call => !made.has(keyOf(call)))
      for (const call of fresh) made.add(keyOf(call))
      return fresh
    },
  }
}

/** The sentence that asks the user for the first of the calls that needs a yes; null where none does. Then none of them is done. */
export function askedFirst(
  calls: readonly ToolCall[],
  { conversation }: Question,
  { stages: { tools }, turn }: RoundContext,
): string | null {
  const call = calls.find(({ name }) => tools.policyOf(name) === 'confirm')
  if (call === undefined) return null
  turn.draft.tools.push({ name: call.name, outcome: 'asked', startedAtMs: performance.now(), ms: 0 })
  return tools.confirmations.ask(conversation.id, turn.turnId, call)
}

/** What was asked in the turn before, where this one says yes to it. */
export function confirmedCall(
  { conversation, text }: Question,
  { stages: { tools }, turn }: RoundContext,
): ToolCall | null {
  const call = tools.confirmations.take(conversation.id, turn.turnId)
  if (call === null) return null
  if (isYes(text)) return { id: `call_${turn.turnId}`, ...call }
  turn.draft.tools.push({ name: call.name, outcome: 'declined', startedAtMs: performance.now(), ms: 0 })
  return null
}
