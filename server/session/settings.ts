import type { Conversation } from '../conversation/conversations.ts'
import type { Configure, Start } from '../protocol/socketClient.ts'
import type { SessionSettings } from '../protocol/socketServer.ts'

/** What the next turn uses. */
export type Active = { settings: SessionSettings; conversation: Conversation }

/** The settings of `start` or `configure` that say how turns are made. */
export type Wanted = Omit<Start, 'type' | 'protocol' | 'sampleRate'> | Omit<Configure, 'type' | 'requestId'>

/** `settings` with what is wanted in place of what was. */
export function changed(settings: SessionSettings, wanted: Partial<Wanted>): SessionSettings {
  const { conversationId, ...given } = wanted
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...settings, ...Object.fromEntries(set) }
}

export type ActiveHistory = {
  now(): Active
  /** What was in force at that moment (`performance.now()` milliseconds): a turn uses what held when its speech ended. */
  at(ms: number): Active
  set(next: Active): void
}

export function createActiveHistory(first: Active): ActiveHistory {
  let entries: { since: number; active: Active }[] = [{ since: Number.NEGATIVE_INFINITY, active: first }]
  const latest = () => entries.at(-1)?.active ?? first
  return {
    now: latest,
    at: ms => entries.findLast(entry => entry.since <= ms)?.active ?? latest(),
    set(active) {
      // An utterance is long over before so many changes come.
      entries = [...entries.slice(-20), { since: performance.now(), active }]
    },
  }
}
