import { median } from '../shared/quantiles.ts'
import type { ChatMessage, ReplyPart } from './respond.ts'

/** Of one model on this machine, for short questions behind a system prompt that it has read already. Medians. */
export type Speed = {
  /** From asking to the first token. */
  firstTokenMs: number
  /** What of that went into reading the question, by Ollama's word. */
  promptEvalMs: number
  tokensPerSecond: number
}

/** Asks a model for a reply of at most so many tokens. */
export type Ask = (
  messages: ChatMessage[],
  maxTokens: number,
  signal: AbortSignal,
) => AsyncIterable<ReplyPart>

/** For all: loading the model, too. */
const BUDGET_MS = 10_000
/** With fewer answers nothing is said of a model. */
const MIN_ANSWERS = 3
/** Enough for a rate. */
const ANSWER_TOKENS = 16

/** Fourteen to sixteen words each, and no two begin alike, so that none is in the cache. */
const questions = [
  'What could I cook tonight with the eggs and the rice that I have left?',
  'Why does the sky turn red when the sun goes down in the evening?',
  'How long does a letter take from one end of the country to the other?',
  'Can you tell me how a refrigerator keeps the food inside of it cold?',
  'Which of the planets could I see from here tonight without a good telescope?',
  'Tell me what I should take along for a long walk in the mountains.',
  'Is it better to water the flowers early in the morning or late at night?',
]

/** Asks short questions for at most ten seconds; null where that was not enough to tell. Throws what `ask` throws. */
export async function measureSpeed(
  ask: Ask,
  systemPrompt: string,
  signal: AbortSignal,
  budgetMs = BUDGET_MS,
): Promise<Speed | null> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(budgetMs)])
  const answers: Speed[] = []
  const answer = (question: string, maxTokens: number) => {
    const messages: ChatMessage[] = [
      { role: 'system', content: systemPrompt },
      { role: 'user', content: question },
    ]
    return measured(ask(messages, maxTokens, within))
  }
  try {
    await answer('Hello.', 1)
    for (const question of questions) {
      const one = await answer(question, ANSWER_TOKENS)
      if (one !== null) answers.push(one)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (!within.aborted) throw error
  }
  if (answers.length < MIN_ANSWERS) return null
  const middle = (of: keyof Speed) => median(answers.map(one => one[of]))
  return {
    firstTokenMs: middle('firstTokenMs'),
    promptEvalMs: middle('promptEvalMs'),
    tokensPerSecond: middle('tokensPerSecond'),
  }
}

/** Null where Ollama does not tell, or where the reply is one token. */
async function measured(reply: AsyncIterable<ReplyPart>): Promise<Speed | null> {
  const askedAt = performance.now()
  let firstTokenMs: number | null = null
  for await (const part of reply) {
    firstTokenMs ??= performance.now() - askedAt
    if (part.type !== 'done') continue
    const { promptEvalMs, outputTokens, evalMs } = part.statistics
    if (promptEvalMs === null || outputTokens === null || !evalMs) return null
    return { firstTokenMs, promptEvalMs, tokensPerSecond: outputTokens / (evalMs / 1000) }
  }
  return null
}
