import type { Conversations } from '../conversation/conversations.ts'
import type { FindSpeech } from '../hearing/speechSegments.ts'
import type { LanguageModelLeases } from '../llm/lease.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { MemoryFigures } from '../protocol/record.ts'
import type { Recognizer, SpeechLevel } from '../recognition/recognizer.ts'
import type { TurnStore } from '../record/turnStore.ts'
import type { TurnTools } from '../tools/turnTools.ts'
import type { Voice, VoiceModel } from '../voice/voice.ts'
import type { TurnObserver } from './turn.ts'
import type { TurnsUnderWay } from './underWay.ts'

/** Everything that a turn is made of. `main` gives the real ones, a test scripts its own. */
export type Stages = {
  findSpeech: FindSpeech
  recognizer: Recognizer
  llm: LanguageModelLeases
  /** The voice by its name. Throws for an unknown one. */
  voice(name: string): Voice
  /** What a voice is made of, by its name. */
  voiceModel(name: string): Pick<VoiceModel, 'digest' | 'quantization'>
  /** The file of a speech level, fetched or made if it must be. Throws `model_not_found`. */
  speechLevel(name: string, signal: AbortSignal): Promise<SpeechLevel>
  languageModel(name: string, signal: AbortSignal): Promise<LanguageModel>
  /** Whether the model can call tools; Ollama refuses a request with tools where it cannot. */
  callsTools(model: LanguageModel, signal: AbortSignal): Promise<boolean>
  /** What a model may have done, and asks the user for; none of it for a model that takes no tools. */
  tools: TurnTools
  /** Memory of the two models of a turn as it is now, of the LLM at the host that a router named; unknown figures are null. */
  memory(
    speechModel: string | null,
    llm: LanguageModel | null,
    routed?: RoutedTurn | null,
  ): Promise<MemoryFigures>
  /** What is known of a model at a host behind a router; null where it is not. */
  modelThere(
    host: string,
    name: string,
  ): Pick<LanguageModel, 'digest' | 'quantization' | 'parameterSize'> | null
  conversations: Conversations
  store: TurnStore
  /** Told of every turn of people: metrics, traces, and who waits for the server to be idle. */
  observers: Set<TurnObserver>
  underWay: TurnsUnderWay
  settings: TurnSettings
}

/** A turn whose answer comes from a host behind a router. */
export type RoutedTurn = { host: string; conversationId: string }

/** What every turn of this server has in common. */
export type TurnSettings = {
  appVersion: string
  /** Which of several servers with one record this is; null for one alone. */
  replicaId: string | null
  llmModel(): Promise<string>
  readonly speechModel: string
  /** Of what is said, as Whisper codes it; null has the speech model find out. */
  language: string | null
  voice: string
  systemPrompt: string
  /** The model's context window. */
  contextTokens: number
}
