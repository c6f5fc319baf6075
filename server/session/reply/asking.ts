import type { LanguageModelLease, LeasedPart } from '../../llm/lease.ts'
import type { ChatMessage } from '../../llm/respond.ts'
import { MAX_REPLY_TOKENS } from '../../llm/respond.ts'
import type { Question, QuestionContext } from '../questions/question.ts'

/** A reply that was asked for. */
export type AskedReply = Pick<LanguageModelLease, 'host' | 'queueMs' | 'cold' | 'release'> & {
  messages: ChatMessage[]
  /** `performance.now()` milliseconds, as `atMs`, which is when a part came. */
  askedAtMs: number
  parts: AsyncIterable<TimedPart>
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
  { model }: Question,
  { stages, turn, signal }: Pick<QuestionContext, 'stages' | 'turn' | 'signal'>,
): Promise<AskedReply> {
  const lease = await stages.llm.acquire(model, turn.owner, signal)
  return asked(lease, messages, signal)
}

/** Nothing goes out before the parts are read. */
export function asked(lease: LanguageModelLease, messages: ChatMessage[], signal: AbortSignal): AskedReply {
  const { host, queueMs, cold, release } = lease
  const parts = timed(lease.respond([...messages], signal))
  return { host, queueMs, cold, release, messages, askedAtMs: performance.now(), parts }
}

async function* timed(parts: AsyncIterable<LeasedPart>): AsyncGenerator<TimedPart, void, undefined> {
  for await (const part of parts) yield { part, atMs: performance.now() }
}
