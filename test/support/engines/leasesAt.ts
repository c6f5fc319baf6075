import { createGate } from '../../../server/engines/gate.ts'
import { createLanguageModelLeases, type LanguageModelLeases } from '../../../server/llm/lease.ts'
import { type ChatSettings, type Respond, respond } from '../../../server/llm/respond.ts'
import type { SentenceEnd } from '../../../server/llm/sentenceEnd.ts'

export const testChat: ChatSettings = {
  numCtx: 2048,
  numThread: null,
  keepAlive: '5m',
  temperature: 0,
  seed: 1,
}

/** Places at one Ollama, as the server hands them out; `how` scripts the replies, `sentenceEnd` whether messages are over. */
export const leasesAt = (
  host: () => Promise<string>,
  how: Respond = respond,
  sentenceEnd: SentenceEnd = async () => null,
): LanguageModelLeases =>
  createLanguageModelLeases({
    gate: createGate(),
    host,
    explain: async error => error,
    respond: how,
    sentenceEnd,
    chat: testChat,
  })
