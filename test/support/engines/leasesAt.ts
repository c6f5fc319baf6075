import { createGate } from '../../../server/engines/gate.ts'
import { createLanguageModelLeases, type LanguageModelLeases } from '../../../server/llm/lease.ts'
import { type ChatSettings, type Respond, respond } from '../../../server/llm/respond.ts'

export const testChat: ChatSettings = {
  numCtx: 2048,
  numThread: null,
  keepAlive: '5m',
  temperature: 0,
  seed: 1,
}

/** Places at one Ollama, as the server hands them out; `how` scripts the replies. */
export const leasesAt = (host: () => Promise<string>, how: Respond = respond): LanguageModelLeases =>
  createLanguageModelLeases({
    gate: createGate(),
    host,
    explain: async error => error,
    respond: how,
    chat: testChat,
  })
