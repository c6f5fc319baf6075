import type { Asking } from '../../conversation/prompt.ts'
import type { LanguageModelLease, LeasedPart } from '../../llm/lease.ts'
import type { ChatMessage } from '../../llm/respond.ts'
import { MAX_REPLY_TOKENS } from '../../llm/respond.ts'
import type { AttemptDraft } from '../../record/speculation.ts'
import type { Question, QuestionContext } from '../questions/question.ts'

/** A reply that was asked for. */
export type AskedReply = Pick<LanguageModelLease, 'host' | 'queueMs' | 'cold' | 'release'> & {
  messages: ChatMessage[]
  /** `performance.now()` milliseconds, as `atMs`, which is when a part came. */
  askedAtMs: number
  parts: AsyncIterable<TimedPart>
  /** For the record. */
  attempt: AttemptDraft
}
export type TimedPart = { part: LeasedPart; atMs: number }

/** How a question is put to the model; the same for one that is only supposed to be asked. */
export const promptOf = ({ text: userText }: Question, { settings }: QuestionContext['stages']) => ({
  ...{ systemPrompt: settings.systemPrompt, contextTokens: settings.contextTokens },
  ...{ userText, reserveTokens: MAX_REPLY_TOKENS },
})

/** Asks as soon as there is a place. Throws what the lease throws. */
export async function ask(
  messages: ChatMessage[],
  { model, conversation }: Question,
  { stages, turn, signal }: Pick<QuestionContext, 'stages' | 'turn' | 'signal'>,
): Promise<AskedReply> {
  const lease = await stages.llm.acquire(model, turn.owner, signal)
  return asked(lease, messages, conversation.asking?.(), signal)
}

/** Nothing goes out before the parts are read. */
export function asked(
  lease: LanguageModelLease,
  messages: ChatMessage[],
  asking: Asking | undefined,
  signal: AbortSignal,
): AskedReply {
  const { host, queueMs, cold, release } = lease
  const askedAtMs = performance.now()
  const attempt: AttemptDraft = {
    ...{ startedAtMs: askedAtMs, firstTokenAtMs: null, endedAtMs: null, outcome: null },
    ...{ promptTokens: null, outputTokens: 0 },
  }
  const parts = timed(lease.respond([...messages], signal, asking), attempt)
  return { host, queueMs, cold, release, messages, askedAtMs, parts, attempt }
}

async function* timed(
  parts: AsyncIterable<LeasedPart>,
  attempt: AttemptDraft,
): AsyncGenerator<TimedPart, void, undefined> {
  for await (const part of parts) {
    const atMs = performance.now()
    if (part.type === 'text' || part.type === 'thinking') attempt.outputTokens++
    if (part.type === 'text') attempt.firstTokenAtMs ??= atMs
    if (part.type === 'done') {
      attempt.promptTokens = part.statistics.promptTokens
      attempt.outputTokens = part.statistics.outputTokens ?? attempt.outputTokens
    }
    yield { part, atMs }
  }
}
