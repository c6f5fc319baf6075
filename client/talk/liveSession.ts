import type { ErrorMessage } from '../../server/protocol/messages.ts'
import type { Configure, Start } from '../../server/protocol/socketClient.ts'
import type { ServerMessage, SessionSettings } from '../../server/protocol/socketServer.ts'
import { NOTHING_TO_SAY } from '../../server/shared/emptyReply.ts'
import type { Api } from '../api.ts'
import { type BrowserVoice, createBrowserVoice } from '../audio/browserVoice.ts'
import { createPlayer, type PlaybackEvent, type Player } from '../audio/player.ts'
import { createSpokenLength } from '../audio/spokenLength.ts'
import type { Conversation } from '../conversation/conversation.ts'
import type { Configured, ModelChoice } from '../models/modelPickers.ts'
import { createConnection } from './connection.ts'
import { endpointingOf, type TalkSettings, wakeWordOf } from './talkSettings.ts'

/** The server takes 8 to 48 kHz; some sound cards run faster. */
const MAX_RATE = 48_000

export type LiveSession = ReturnType<typeof createLiveSession>

export type LiveSessionOptions = {
  api: Api
  hasToken(): boolean
  /** Replies play through it. */
  element: HTMLAudioElement
  conversation: Conversation
  talkSettings(): TalkSettings
  ready(settings: SessionSettings): void
  configured(message: Configured): void
  /** A switch of models that failed. */
  switchFailed(message: ErrorMessage): void
  /** An error that belongs to no turn and no switch. */
  failed(message: ErrorMessage): void
  /** What is to wake the session is not there. */
  noWakeWord(): void
  changed(): void
}

/** One person's session: what is sent, what comes, and the sound of it. */
export function createLiveSession(options: LiveSessionOptions) {
  const { api, conversation } = options
  let context: AudioContext | null = null
  let player: Player | null = null
  let voice: BrowserVoice | null = null
  let settings: SessionSettings | null = null
  let isReady = false
  /** Of wake-word mode. */
  let isAwake = false
  let conversationId: string | undefined
  let choice: ModelChoice = {}
  let requests = 0
  const switches = new Set<string>()
  /** Typed, or chosen, before the session was ready. */
  let texts: string[] = []
  let choseLate = false
  /** Of the turns that are open. */
  const voices = new Map<string, string>()
  const spokenLength = createSpokenLength()

  const connection = createConnection({
    api,
    hasToken: options.hasToken,
    opened: start,
    message: take,
    audio: pcm => player?.push(pcm),
    lost() {
      isReady = false
      texts = []
      voices.clear()
      silence()
      conversation.lost()
    },
    changed: options.changed,
  })

  function start(): void {
    if (context === null) return
    const wanted = conversationId === undefined ? {} : { conversationId }
    const { sampleRate } = context
    connection.send({ type: 'start', protocol: 1, sampleRate, ...wanted, ...choice, ...howToListen() })
  }

  function howToListen(): Pick<Start, 'mode' | 'endpointing' | 'bargeIn' | 'wake'> {
    const settings = options.talkSettings()
    const { mode, interruptMs } = settings
    return {
      mode,
      endpointing: endpointingOf(settings),
      wake: wakeWordOf(settings),
      ...(interruptMs === null ? {} : { bargeIn: { minSpeechMs: interruptMs } }),
    }
  }

  function configure(wanted: Omit<Configure, 'type' | 'requestId'>): string {
    const requestId = `page-${++requests}`
    connection.send({ type: 'configure', requestId, ...wanted })
    return requestId
  }

  function silence(): void {
    player?.stop()
    voice?.stop()
  }

  function take(message: ServerMessage): void {
    if (message.type === 'interrupted') silence()
    conversation.take(message)
    switch (message.type) {
      case 'ready':
        isReady = true
        isAwake = false
        connection.settled()
        conversationId = message.conversationId
        settings = message.settings
        options.ready(message.settings)
        if (choseLate) switches.add(configure({ ...choice, ...howToListen() }))
        choseLate = false
        for (const text of texts.splice(0)) connection.send({ type: 'text', text })
        break
      case 'configured':
        switches.delete(message.requestId)
        conversationId = message.conversationId
        if (message.settings.mode !== settings?.mode) isAwake = false
        settings = message.settings
        options.configured(message)
        break
      case 'wake.detected':
        isAwake = true
        break
      case 'wake.waiting':
        isAwake = false
        break
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
        spokenHere(message.turnId)
        break
      case 'reply.delta':
        if (spokenHere(message.turnId)) voice?.say(message.turnId, message.text)
        break
      case 'reply.done':
        spokenLength.reply(message.text.length)
        if (!spokenHere(message.turnId)) break
        if (message.text.trim() === '') voice?.say(message.turnId, NOTHING_TO_SAY)
        voice?.complete(message.turnId)
        break
      case 'turn.done':
        voices.delete(message.turnId)
        break
      case 'error':
        takeError(message)
    }
    options.changed()
  }

  /** Whether the browser speaks that turn. A voice that is chosen meanwhile is for the next. */
  function spokenHere(turnId: string): boolean {
    const name = voices.get(turnId) ?? settings?.voice ?? ''
    voices.set(turnId, name)
    return name === 'browser'
  }

  function takeError(message: ErrorMessage): void {
    const { requestId, turnId } = message
    if (requestId !== undefined && switches.delete(requestId)) {
      options.switchFailed(message)
      return
    }
    if (turnId !== undefined) return
    // A chosen model that is no longer there must not keep the session from starting.
    if (!isReady && message.code === 'model_not_found' && Object.keys(choice).length > 0) {
      choice = {}
      options.switchFailed(message)
      start()
      return
    }
    // Nor must a wake word.
    if (!isReady && message.code === 'model_not_found' && options.talkSettings().mode === 'wake-word') {
      options.noWakeWord()
      start()
      return
    }
    options.failed(message)
  }

  function reportPlayed(turnId: string, event: PlaybackEvent, positionMs: number): void {
    connection.send({ type: 'playback', turnId, event, positionMs: Math.max(0, positionMs) })
    conversation.spoken(turnId, spokenLength.at(turnId, positionMs, conversation.turn(turnId)?.reply ?? ''))
    playbackPhase(turnId, event)
  }

  function reportSpoken(turnId: string, event: PlaybackEvent, textLength: number): void {
    connection.send({ type: 'playback', turnId, event, textLength })
    conversation.spoken(turnId, textLength)
    playbackPhase(turnId, event)
  }

  function playbackPhase(turnId: string, event: PlaybackEvent): void {
    if (event !== 'progress') conversation.phaseOfPlayback(turnId, event === 'started' ? 'started' : 'over')
    options.changed()
  }

  return {
    /** Opens sound and socket; within a tap or key press, or browsers keep the sound shut. */
    open(): AudioContext {
      if (context === null) {
        context = openContext()
        player = createPlayer(context, options.element, reportPlayed)
        voice = createBrowserVoice(reportSpoken)
      }
      // Both are allowed now, whenever the first reply comes.
      void context.resume()
      void options.element.play().catch(() => {})
      connection.open()
      return context
    },
    typed(text: string): void {
      silence()
      conversation.typed(text)
      if (isReady) connection.send({ type: 'text', text })
      else texts.push(text)
    },
    interrupt(): void {
      if (conversation.phase() === 'none') return
      connection.send({ type: 'interrupt' })
      silence()
    },
    begin(): void {
      // The server interrupts by itself; here it is silent at once.
      silence()
      connection.send({ type: 'begin' })
    },
    commit: (): void => connection.send({ type: 'commit' }),
    /** Drops what is being said, if anything is. */
    cancelSpeech(): void {
      if (conversation.phase() === 'hearing') connection.send({ type: 'cancel' })
    },
    audio(pcm: ArrayBuffer): void {
      if (isReady) connection.audio(pcm)
    },
    switchTo(wanted: ModelChoice): void {
      choice = { ...choice, ...wanted }
      if (isReady) switches.add(configure(wanted))
      else choseLate = connection.state().name === 'open'
    },
    settingsChanged(): void {
      if (isReady) configure(howToListen())
      else choseLate = connection.state().name === 'open'
    },
    newConversation(): void {
      conversationId = newId()
      if (!isReady) return
      connection.send({ type: 'interrupt' })
      silence()
      configure({ conversationId })
    },
    retry: connection.retry,
    connection: connection.state,
    settings: (): SessionSettings | null => settings,
    awake: (): boolean => isAwake,
  }
}

function openContext(): AudioContext {
  const context = new AudioContext({ latencyHint: 'interactive' })
  if (context.sampleRate <= MAX_RATE) return context
  void context.close()
  return new AudioContext({ latencyHint: 'interactive', sampleRate: MAX_RATE })
}

/** `crypto.randomUUID` is for secure pages only. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
