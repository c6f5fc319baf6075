import type { ErrorMessage } from '../../../server/protocol/messages.ts'
import type { Configure } from '../../../server/protocol/socketClient.ts'
import type { ServerMessage, SessionSettings } from '../../../server/protocol/socketServer.ts'
import type { Api } from '../../api.ts'
import type { Conversation } from '../../conversation/conversation.ts'
import type { Configured, ModelChoice } from '../../models/modelPickers.ts'
import { createConnection } from '../../wire/connection.ts'
import { createRestTurns } from '../../wire/restTurns.ts'
import { type TalkSettings, toldToServer } from '../talkSettings.ts'
import { keepConversation, keptConversation } from './keptConversation.ts'
import { createReplySound } from './replySound.ts'

export type LiveSession = ReturnType<typeof createLiveSession>

export type LiveSessionOptions = {
  api: Api
  hasToken(): boolean
  /** Replies play through it. */
  element: HTMLAudioElement
  conversation: Conversation
  talkSettings(): TalkSettings
  /** Sound is open, and its state can be watched. */
  soundOpened(context: AudioContext): void
  ready(settings: SessionSettings): void
  configured(message: Configured): void
  /** A switch of models that failed. */
  switchFailed(message: ErrorMessage): void
  /** The server is about to end the session. */
  stopping(message: ErrorMessage): void
  /** An error that belongs to no turn and no switch. */
  failed(message: ErrorMessage): void
  /** A spoken reply that came as a file. */
  playRecording(path: string): void
  /** A question that was asked without a session. */
  restFailed(error: unknown): void
  /** What is to wake the session is not there. */
  noWakeWord(): void
  changed(): void
}

/** One person's session: what is sent, what comes, and the sound of it. */
export function createLiveSession(options: LiveSessionOptions) {
  const { api, conversation } = options
  let settings: SessionSettings | null = null
  let isReady = false
  /** Of wake-word mode. */
  let isAwake = false
  let conversationId: string | undefined = keptConversation()
  let choice: ModelChoice = {}
  let requests = 0
  const switches = new Set<string>()
  /** Typed, or chosen, before the session was ready. */
  const texts: string[] = []
  let choseLate = false

  const connection = createConnection({
    api,
    hasToken: options.hasToken,
    opened: start,
    message: take,
    audio: pcm => sound.audio(pcm),
    lost() {
      isReady = false
      sound.lost()
      // What the server was not told yet is still to be asked.
      conversation.lost(texts.length)
    },
    changed() {
      if (connection.blocked()) for (const text of texts.splice(0)) askOverRest(text)
      options.changed()
    },
  })
  const restTurns = createRestTurns({
    api,
    hear: take,
    play: options.playRecording,
    failed(error) {
      conversation.lost(texts.length)
      options.restFailed(error)
    },
  })
  const sound = createReplySound({
    ...{ conversation, element: options.element, changed: options.changed },
    ...{ send: connection.send, opened: options.soundOpened },
    voice: () => settings?.voice ?? null,
  })

  function start(): void {
    const sampleRate = sound.sampleRate()
    if (sampleRate === null) return
    const wanted = conversationId === undefined ? {} : { conversationId }
    connection.send({ type: 'start', protocol: 1, sampleRate, ...wanted, ...choice, ...howToListen() })
  }

  const howToListen = () => toldToServer(options.talkSettings())

  function goTo(id: string): void {
    conversationId = id
    keepConversation(id)
    if (!isReady) {
      // What waits for a connection was asked in the other one.
      texts.length = 0
      conversation.lost(0)
      return
    }
    connection.send({ type: 'interrupt' })
    sound.silence()
    configure({ conversationId: id })
  }

  function askOverRest(text: string): void {
    conversationId ??= newId()
    keepConversation(conversationId)
    conversation.asked()
    restTurns.ask({ text, conversationId, ...choice })
  }

  function configure(wanted: Omit<Configure, 'type' | 'requestId'>): string {
    const requestId = `page-${++requests}`
    connection.send({ type: 'configure', requestId, ...wanted })
    return requestId
  }

  function take(message: ServerMessage): void {
    if (message.type === 'interrupted') sound.silence()
    conversation.take(message)
    sound.take(message)
    switch (message.type) {
      case 'ready':
        isReady = true
        isAwake = false
        connection.settled()
        conversationId = message.conversationId
        keepConversation(conversationId)
        settings = message.settings
        options.ready(message.settings)
        if (choseLate) switches.add(configure({ ...choice, ...howToListen() }))
        choseLate = false
        for (const text of texts.splice(0)) connection.send({ type: 'text', text })
        conversation.asked()
        break
      case 'configured':
        if (message.requestId !== undefined) switches.delete(message.requestId)
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
      case 'error':
        takeError(message)
    }
    options.changed()
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
    if (message.code === 'shutting_down') options.stopping(message)
    else options.failed(message)
  }

  return {
    /** Opens sound and socket; within a tap or key press, or browsers keep the sound shut. */
    open(): AudioContext {
      const context = sound.open()
      connection.open()
      return context
    },
    /** Asked as soon as there is a session; whoever types will not wait for the next try. */
    typed(text: string): void {
      sound.silence()
      conversation.typed(text)
      if (isReady) {
        connection.send({ type: 'text', text })
        conversation.asked()
      } else if (connection.blocked()) askOverRest(text)
      else {
        texts.push(text)
        connection.retry()
      }
    },
    interrupt(): void {
      if (conversation.phase() === 'none') return
      connection.send({ type: 'interrupt' })
      sound.silence()
    },
    begin(): void {
      // The server interrupts by itself; here it is silent at once.
      sound.silence()
      connection.send({ type: 'begin' })
    },
    commit: (): void => connection.send({ type: 'commit' }),
    /** Drops what is being said, if anything is. */
    cancelSpeech(): void {
      if (conversation.phase() === 'hearing') connection.send({ type: 'cancel' })
    },
    audio(pcm: ArrayBuffer): void {
      const sampleRate = sound.sampleRate()
      if (isReady && sampleRate !== null) connection.audio(pcm, sampleRate)
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
    /** Another one goes on, with what the server knows of it. */
    goTo,
    /** What it gives goes back to the one before. */
    newConversation(): () => void {
      const before = conversationId
      goTo(newId())
      return () => {
        if (before !== undefined) goTo(before)
      }
    },
    /** The one that this tab was in. */
    conversationId: (): string | undefined => conversationId,
    /** The server answers, with the token that there is now: what was typed meanwhile is asked. */
    reached(): void {
      if (texts.length > 0) connection.open()
    },
    /** Of the reply that plays, 0 to 1. */
    replyLevel: sound.level,
    retry: connection.retry,
    connection: connection.state,
    blocked: connection.blocked,
    settings: (): SessionSettings | null => settings,
    awake: (): boolean => isAwake,
  }
}

/** `crypto.randomUUID` is for secure pages only. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
