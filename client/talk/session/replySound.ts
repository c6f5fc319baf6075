import type { ClientMessage } from '../../../server/protocol/socketClient.ts'
import type { ServerMessage } from '../../../server/protocol/socketServer.ts'
import { type BrowserVoice, createBrowserVoice } from '../../audio/browserVoice.ts'
import { createPlayer, type PlaybackEvent, type Player } from '../../audio/player.ts'
import { createSpokenLength, endOfWord } from '../../audio/spokenLength.ts'
import type { Conversation } from '../../conversation/conversation.ts'

/** The server takes 8 to 48 kHz; some sound cards run faster. */
const MAX_RATE = 48_000

export type ReplySoundOptions = {
  /** Replies play through it. */
  element: HTMLAudioElement
  conversation: Conversation
  /** The voice of the next turn; null while unknown. */
  voice(): string | null
  send(message: ClientMessage): void
  /** There is a context now, whose state somebody may watch. */
  opened(context: AudioContext): void
  changed(): void
}

/** What is heard of replies: the server's sound or the browser's own voice, and how far it came. */
export function createReplySound(options: ReplySoundOptions) {
  const { conversation, element } = options
  let context: AudioContext | null = null
  let player: Player | null = null
  let voice: BrowserVoice | null = null
  /** Of the turns that are open. */
  const voices = new Map<string, string>()
  const spokenLength = createSpokenLength()

  function reportPlayed(turnId: string, event: PlaybackEvent, positionMs: number): void {
    options.send({ type: 'playback', turnId, event, positionMs: Math.max(0, positionMs) })
    conversation.spoken(turnId, spokenLength.at(turnId, positionMs, conversation.turn(turnId)?.reply ?? ''))
    playbackPhase(turnId, event)
  }

  function reportSpoken(turnId: string, event: PlaybackEvent, textLength: number): void {
    options.send({ type: 'playback', turnId, event, textLength })
    conversation.spoken(turnId, endOfWord(conversation.turn(turnId)?.reply ?? '', textLength))
    playbackPhase(turnId, event)
  }

  function playbackPhase(turnId: string, event: PlaybackEvent): void {
    if (event !== 'progress') conversation.phaseOfPlayback(turnId, event === 'started' ? 'started' : 'over')
    options.changed()
  }

  /** Whether the browser speaks that turn. A voice that is chosen meanwhile is for the next. */
  function isSpokenHere(turnId: string): boolean {
    const name = voices.get(turnId) ?? options.voice() ?? ''
    voices.set(turnId, name)
    return name === 'browser'
  }

  function silence(): void {
    player?.stop()
    voice?.stop()
  }

  return {
    /** Opens the sound; within a tap or key press, or browsers keep it shut. */
    open(): AudioContext {
      if (context === null) {
        context = openContext()
        player = createPlayer(context, element, reportPlayed)
        voice = createBrowserVoice(reportSpoken)
        options.opened(context)
      }
      // Both are allowed now, whenever the first reply comes.
      void context.resume()
      void element.play().catch(() => {})
      return context
    },
    sampleRate: (): number | null => context?.sampleRate ?? null,
    audio(pcm: ArrayBuffer): void {
      player?.push(pcm)
    },
    silence,
    /** Of the reply that plays, 0 to 1; the browser's own voice has none that a page could know. */
    level: (): number => player?.level() ?? 0,
    /** The session is gone, and with it all its turns. */
    lost(): void {
      voices.clear()
      silence()
    },
    take(message: ServerMessage): void {
      switch (message.type) {
        case 'ducked':
          player?.duck(message.turnId)
          break
        case 'paused':
          player?.pause(message.turnId)
          voice?.pause(message.turnId)
          break
        case 'resumed':
          player?.resume(message.turnId)
          voice?.resume(message.turnId)
          break
        case 'audio.started':
          spokenLength.begin(message.turnId)
          player?.begin(message.turnId, message.sampleRate)
          break
        case 'audio.done':
          spokenLength.complete(message.audioMs)
          player?.complete(message.turnId)
          break
        case 'speech.stopped':
        case 'reply.delta':
          isSpokenHere(message.turnId)
          break
        case 'reply.clause':
          voice?.say(message.turnId, message)
          break
        case 'reply.done':
          spokenLength.reply(message.text.length)
          if (isSpokenHere(message.turnId)) voice?.complete(message.turnId, message.text.length)
          break
        case 'turn.done':
          voices.delete(message.turnId)
          break
      }
    },
  }
}

function openContext(): AudioContext {
  const context = new AudioContext({ latencyHint: 'interactive' })
  if (context.sampleRate <= MAX_RATE) return context
  void context.close()
  return new AudioContext({ latencyHint: 'interactive', sampleRate: MAX_RATE })
}
