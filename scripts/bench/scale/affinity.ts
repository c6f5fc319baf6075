import { createGate } from '../../../server/engines/gate.ts'
import { createLanguageModelLeases } from '../../../server/llm/lease.ts'
import { type ChatMessage, respond } from '../../../server/llm/respond.ts'

/** Conversations before two real Ollamas: whether each stays with its host, and what that saves. */

const QUESTIONS = [
  'Hello, who are you?',
  'Tell me about the sea in two sentences.',
  'And what lives in it?',
  'Which of those is the largest?',
  'How old does it get?',
  'Thank you. What did I ask you first?',
]
/** Enough for a history that grows. */
const REPLY_TOKENS = 32

export type AffinityReading = {
  /** Turns but the first of each conversation, and of them those at the host of the one before. */
  turns: number
  stayed: number
  /** Mean of those turns, milliseconds. */
  promptEvalMs: number
}

/** A round of each question to every conversation, one after the other. */
export async function converse(url: string, model: string, conversations: number): Promise<AffinityReading> {
  const leases = createLanguageModelLeases({
    gate: createGate(),
    host: async () => url,
    explain: async error => error,
    respond,
    sentenceEnd: async () => null,
    chat: {
      numCtx: 4096,
      numThread: null,
      keepAlive: '30m',
      temperature: 0,
      seed: 1,
      maxTokens: REPLY_TOKENS,
    },
  })
  const { signal } = new AbortController()
  const wanted = { name: model, loaded: true, contextTokens: null, remote: null }
  const histories = Array.from({ length: conversations }, (_, index): ChatMessage[] => [
    {
      role: 'system',
      content: `You are a voice assistant. Answer in one short sentence. You are number ${index}.`,
    },
  ])
  const reading: AffinityReading = { turns: 0, stayed: 0, promptEvalMs: 0 }
  for (const [round, content] of QUESTIONS.entries()) {
    for (const [index, history] of histories.entries()) {
      history.push({ role: 'user', content })
      const lease = await leases.acquire(wanted, 'bench', signal)
      let reply = ''
      for await (const part of lease.respond(history, signal, { affinity: `${index}` })) {
        if (part.type === 'text') reply += part.text
        if (round === 0) continue
        if (part.type === 'routed' && part.affinity) reading.stayed++
        if (part.type === 'done') reading.promptEvalMs += part.statistics.promptEvalMs ?? 0
      }
      lease.release()
      history.push({ role: 'assistant', content: reply })
      if (round > 0) reading.turns++
    }
  }
  return { ...reading, promptEvalMs: reading.promptEvalMs / reading.turns }
}
