import type { Asking } from '../../conversation/prompt.ts'
import type { LanguageModelLease, LeasedPart } from '../../llm/lease.ts'
import type { ChatMessage } from '../../llm/respond.ts'
import { MAX_REPLY_TOKENS } from '../../llm/respond.ts'
import type { AttemptDraft } from '../../record/speculation.ts'
import type { Question, QuestionContext } from '../questions/question.ts'

/** A reply that was asked for. */
export type AskedReply = Pick<LanguageModelLease, 'host' | 'queueMs' | 'cold' | 'release'> & {
  messages: ChatMessage[]
  asking: Asking
  /** `performance.now()` milliseconds, as `atMs`, which is when a part came. */
  askedAtMs: number
  parts: AsyncIterable<TimedPart>
  /** For the record. */
  attempt: AttemptDraft
}
export type TimedPart = { part: LeasedPart; atMs: number }

/** UTF-8 bytes a token of JSON, rather too few. */
const BYTES_PER_TOKEN = 3

/** How a question is put to the model; the same for one that is only supposed to be asked. */
export const promptOf = (
  { text: userText }: Question,
  { settings }: QuestionContext['stages'],
  { tools = [] }: Asking,
) => ({
  ...{ systemPrompt: settings.systemPrompt, contextTokens: settings.contextTokens, userText },
  reserveTokens: MAX_REPLY_TOKENS + Math.ceil(Buffer.byteLength(JSON.stringify(tools)) / BYTES_PER_TOKEN),
})

/** How a reply is asked for: as a door's client wants it, with tools of its own, else with those of this server. */
export const askingFor = async (
  { model, conversation }: Question,
  { tools }: QuestionContext['stages'],
  signal: AbortSignal,
): Promise<Asking> => conversation.asking?.() ?? { tools: await tools.offered(model, signal) }

/** Asks as soon as there is a place. Throws what the lease throws. */
export async function ask(
  messages: ChatMessage[],
  asking: Asking,
  { model, conversation }: Question,
  { stages, turn, signal }: Pick<QuestionContext, 'stages' | 'turn' | 'signal'>,
): Promise<AskedReply> {
  const lease = await stages.llm.acquire(model, turn.owner, signal)
  return asked(lease, messages, asking, conversation.id, signal)
}

/** Nothing goes out before the parts are read. */
export function asked(
  lease: LanguageModelLease,
  messages: ChatMessage[],
  asking: Asking,
  conversationId: string,
  signal: AbortSignal,
): AskedReply {
  const { host, queueMs, cold, release } = lease
  const askedAtMs = performance.now()
  const attempt: AttemptDraft = {
    ...{ startedAtMs: askedAtMs, firstTokenAtMs: null, endedAtMs: null, outcome: null },
    ...{ promptTokens: null, outputTokens: 0 },
  }
  const parts = timed(lease.respond([...messages], signal, { ...asking, affinity: conversationId }), attempt)
  return { host, queueMs, cold, release, messages, asking, askedAtMs, parts, attempt }
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
