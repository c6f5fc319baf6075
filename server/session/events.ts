import type { SpokenAudio } from '../audio/pcm.ts'
import type { QuantvoxError } from '../errors.ts'
import type { ToolCall } from '../llm/toolCalls.ts'
import type { ServerMessage } from '../protocol/socketServer.ts'

/** A stretch of reply audio, at most 100 ms. */
export type AudioEvent = { type: 'audio'; turnId: string } & SpokenAudio

/** What a session says, in order. Most of it is worded as the protocol words it; doors make bytes of it. */
export type SessionEvent =
  | AudioEvent
  | Exclude<ServerMessage, { type: 'error' | 'audio.done' }>
  /** All of a reply's audio has come; `isKept`: it can be had by its link. */
  | { type: 'audio.done'; turnId: string; audioMs: number; isKept: boolean }
  /** What the model asks for; only of tools that it was given. */
  | { type: 'calls'; turnId: string; calls: ToolCall[] }
  /** Nothing of this reply may be heard from here on, also not what was taken and is not out yet. */
  | { type: 'cut'; turnId: string }
  /** One that is not recoverable ends the session: whoever hears it closes it. */
  | { type: 'error'; error: QuantvoxError; turnId?: string; requestId?: string }

/** Who hears a session. */
export type Sink = {
  tell(event: Exclude<SessionEvent, AudioEvent>): void
  /** Settles when it is on its way to the listener, or false where it was dropped; meanwhile the session holds back the rest. */
  play(audio: AudioEvent): Promise<boolean>
}
