import type { Conversations } from '../conversation/conversations.ts'
import type { FindSpeech } from '../hearing/speechSegments.ts'
import type { ChatOptions, Respond } from '../llm/respond.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { MemoryFigures } from '../protocol/record.ts'
import type { Recognize, SpeechLevel } from '../recognition/whisper/recognizer.ts'
import type { TurnStore } from '../record/sqlite/store.ts'
import type { EndedTurn } from '../record/turnRecord.ts'
import type { Clause } from '../voice/clauses.ts'
import type { Synthesize } from '../voice/synthesize.ts'
import type { TurnsUnderWay } from './underWay.ts'

export type { Clause }

/** A place at an engine that serves one at a time; `queueMs` is what the wait for it took. */
export type Place = { queueMs: number; release(): void }

/** Everything that a turn is made of. `main` gives the real ones, a test scripts its own. */
export type Stages = {
  findSpeech: FindSpeech
  recognize: Recognize
  respond: Respond
  /** The voice by its name, or null where the client speaks or nobody does. Throws for an unknown one. */
  voice(name: string): Synthesize | null
  /** The file of a speech level, fetched or made if it must be. Throws `model_not_found`. */
  speechLevel(name: string, signal: AbortSignal): Promise<SpeechLevel>
  languageModel(name: string, signal: AbortSignal): Promise<LanguageModel>
  /** The gate in front of Ollama, fair between owners. */
  llmPlace(owner: string, signal: AbortSignal): Promise<Place>
  /** Memory of the two models of a turn as it is now; unknown figures are null. */
  memory(speechModel: string | null, llm: LanguageModel | null): Promise<MemoryFigures>
  conversations: Conversations
  store: TurnStore
  /** Told of every turn when its row is written: metrics and traces. */
  watchers: Set<(ended: EndedTurn) => void>
  underWay: TurnsUnderWay
  settings: TurnSettings
}

/** What every turn of this server has in common. */
export type TurnSettings = {
  appVersion: string
  llmHost(): Promise<string>
  llmModel(): Promise<string>
  speechModel: string
  voice: string
  systemPrompt: string
  chat: Omit<ChatOptions, 'model'>
}
