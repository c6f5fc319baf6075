import type { Synthesize } from './synthesize.ts'

/** One clause of a reply on its way to the listener's ear. */
export type SpokenClause = {
  /** Character range in the raw reply. */
  start: number
  end: number
  /** Length of its whole audio; null while it is not synthesized. */
  audioMs: number | null
  /** How much of that audio was sent to the client; never heard more than this. */
  sentMs: number
}

/** How far a reply has come at its listener. */
export type Played = {
  reply: string
  /** In the order in which they are played. */
  clauses: readonly SpokenClause[]
  /** Position of the playout from the first sample, milliseconds; never more than `sentMs`. */
  positionMs: number
  sentMs: number
  /** Characters of the reply that a page which speaks by itself says it has come to; null while it said nothing. */
  spokenLength: number | null
  /** The reply was stopped before its end. */
  stopped: boolean
}

/** What a voice is made of, as far as that is known. */
export type VoiceModel = {
  /** sha256. */
  digest: string | null
  quantization: string | null
  parameterSize: string | null
  sizeBytes: number | null
}

/** What speaks a reply, or does not. Everything that differs between voices is asked of it. */
export type Voice = {
  readonly name: string
  /** ISO 639-1 codes that it can read; null where that is not known. */
  readonly languages: readonly string[] | null
  /** Whether there is anything in a text that it can say; `speak` yields nothing for another. */
  pronounces(text: string): boolean
  /** Whether it leaves no letter of a text out, as far as is known. */
  saysAll(text: string): boolean
  /** What of the reply the listener heard, a beginning of it: it is what the conversation remembers. */
  heard(played: Played): string
  /** Nothing is left to be heard of a reply that was sent to its end. */
  allPlayed(played: Played): boolean
  /** Longest wait for word of the playback from now on, milliseconds; null where there is nothing to wait for. */
  playbackWithinMs(played: Played): number | null
} & (
  | { readonly kind: 'speak'; readonly speak: Synthesize }
  /** The server speaks nothing: nobody does, or the page does. */
  | { readonly kind: 'none' | 'inBrowser'; readonly speak: null }
)

/** A voice that the server speaks with. */
export type ServerVoice = Extract<Voice, { kind: 'speak' }>
