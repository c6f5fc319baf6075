import type { LanguageModel } from '../protocol/models.ts'
import type { ChatMessage, ChatOptions, ReplyPart } from './respond.ts'

/** A place at the language model: nobody else is in it until `release`. */
export type LanguageModelLease = {
  /** Where it answers. */
  host: string
  /** The wait for others, milliseconds. */
  queueMs: number
  /** The model is not loaded, so the first answer loads it. */
  cold: boolean
  /**
   * Streams one reply. `change` is for measuring; turns leave it out.
   * @throws as `Respond` does
   */
  respond(
    messages: ChatMessage[],
    signal: AbortSignal,
    change?: Partial<Omit<ChatOptions, 'model'>>,
  ): AsyncIterable<ReplyPart>
  /** May be called more than once. */
  release(): void
}

export type LanguageModelLeases = {
  /**
   * Waits for a place, fair between owners.
   * @param owner whoever speaks
   * @throws what finding Ollama throws; the signal's reason when aborted
   */
  acquire(model: LanguageModel, owner: string, signal: AbortSignal): Promise<LanguageModelLease>
}
