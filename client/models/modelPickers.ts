import type { Static } from 'typebox'
import type { ErrorMessage } from '../../server/protocol/messages.ts'
import type { Configured as ConfiguredSchema, SessionSettings } from '../../server/protocol/socketServer.ts'
import type { Api } from '../api.ts'

export type Configured = Static<typeof ConfiguredSchema>
export type ModelChoice = { llmModel?: string; speechModel?: string; voice?: string }

export type ModelPickersOptions = {
  api: Api
  /** Asks the session for it; `configured` or `failed` tells how that went. Without a session, the next one begins with it. */
  switchTo(choice: ModelChoice): void
}

export type ModelPickers = {
  /** What the session uses now: from `ready`, and before a session what the server uses by default. */
  current(settings: SessionSettings): void
  configured(message: Configured): void
  /** The error of a `configure`. */
  failed(message: ErrorMessage): void
}

/** Pickers for LLM tag, speech level and voice. */
export function createModelPickers(_root: HTMLElement, _options: ModelPickersOptions): ModelPickers {
  return { current() {}, configured() {}, failed() {} }
}
