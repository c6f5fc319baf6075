import type { Conversation } from '../conversation/conversations.ts'
import type { Configure, Start } from '../protocol/socketClient.ts'
import type { SessionSettings } from '../protocol/socketServer.ts'
import { orFound, refuseUnheard } from '../spokenLanguage.ts'

/** What the next turn uses. */
export type Active = { settings: SessionSettings; conversation: Conversation }

/** The settings of `start` or `configure` that say how turns are made. */
export type Wanted = Omit<Start, 'type' | 'protocol' | 'sampleRate'> | Omit<Configure, 'type' | 'requestId'>

/** `settings` with what is wanted in place of what was. Throws `invalid_request` for a language that the speech model does not hear. */
export function changed(settings: SessionSettings, wanted: Partial<Wanted>): SessionSettings {
  const { conversationId, endpointing, wake, ...given } = wanted
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  const next: SessionSettings = {
    ...{ ...settings, ...Object.fromEntries(set) },
    endpointing: { ...settings.endpointing, ...endpointing },
    wake: { ...settings.wake, ...wake },
  }
  const heard = { ...next, language: next.language && orFound(next.language) }
  refuseUnheard(heard.speechModel, heard.language)
  return heard
}

export type ActiveHistory = {
  now(): Active
  /** What was in force at that moment (`performance.now()` milliseconds): a turn uses what held when its speech ended. */
  at(ms: number): Active
  set(next: Active): void
}

/** Longer than an utterance may be, MAX_UTTERANCE_SECONDS at most 600, and than the decision that it is over takes. */
const KEPT_MS = 700_000

export function createActiveHistory(first: Active): ActiveHistory {
  let entries: { since: number; active: Active }[] = [{ since: Number.NEGATIVE_INFINITY, active: first }]
  const latest = () => entries.at(-1)?.active ?? first
  return {
    now: latest,
    at: ms => entries.findLast(entry => entry.since <= ms)?.active ?? latest(),
    set(active) {
      const since = performance.now()
      const oldest = entries.findLastIndex(entry => entry.since <= since - KEPT_MS)
      entries = [...entries.slice(oldest), { since, active }]
    },
  }
}
