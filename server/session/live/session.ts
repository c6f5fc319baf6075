import { v7 as uuidv7 } from 'uuid'
import { QuantvoxError, toQuantvoxError } from '../../errors.ts'
import { createHearing, type Hearing } from '../../hearing/hearing.ts'
import type { VoiceActivity } from '../../hearing/voiceActivity.ts'
import type { Log } from '../../log.ts'
import type { Source } from '../../protocol/record.ts'
import type { ClientMessage, Configure, Start } from '../../protocol/socketClient.ts'
import type { SessionSettings } from '../../protocol/socketServer.ts'
import type { ReplyAudio } from '../../record/replyAudio.ts'
import { errorMessage } from '../errorMessage.ts'
import { withinPatience } from '../patience.ts'
import type { Stages } from '../stages.ts'
import { type ActiveHistory, createActiveHistory } from './active.ts'
import { createFloor, type Floor } from './floor.ts'
import type { Outbox } from './outbox.ts'
import { changed, checkWanted, type LoadedModels, prepare, type Wanted } from './switching.ts'

export type SessionDependencies = {
  stages: Stages
  /** Whom its turns are recorded for: a client, or a comparison. */
  source: Source
  replies: ReplyAudio
  activity: VoiceActivity
  loadedModels(signal: AbortSignal): Promise<LoadedModels>
  defaults: { silenceMs: number; minSpeechMs: number }
  maxUtteranceMs: number
  partialTranscripts: boolean
}

export type Session = {
  readonly sessionId: string
  /** A checked message. Throws `invalid_state`, which goes to the client. */
  message(message: ClientMessage, arrivedAtMs: number): void
  /** Mono samples at the rate of `start`. Throws `invalid_state`. */
  audio(samples: Int16Array, arrivedAtMs: number): void
  /** Hertz of the client's audio; null before `start`. */
  sampleRate(): number | null
  /** Takes no further turn; settles when those that are under way are over. */
  finish(): Promise<void>
  /** Ends everything; settles when the rows of all turns are written. */
  close(): Promise<void>
}

type Live = { hearing: Hearing; floor: Floor; active: ActiveHistory }

/** What one socket talks to. `broken` is told of failures that no turn has and that end the session. */
export function createSession(
  dependencies: SessionDependencies,
  outbox: Outbox,
  log: Log,
  broken: (error: QuantvoxError) => void,
): Session {
  const { stages } = dependencies
  const sessionId = uuidv7()
  const ending = new AbortController()
  /** Seen before `ready`, in order; done after it. */
  let held: (() => void)[] = []
  let sampleRate: number | null = null
  let live: Live | null = null
  let requests = 0
  const lastRequestFor = new Map<string, number>()

  async function start(message: Start): Promise<void> {
    const active = await firstActive(message)
    ending.signal.throwIfAborted()
    const { settings, conversation } = active.now()
    const floor = createFloor({ ...dependencies, outbox, log, sessionId, active, broken })
    const hearing = createHearing({
      activity: dependencies.activity,
      sampleRate: message.sampleRate,
      mode: settings.mode,
      silenceMs: settings.endpointing.silenceMs,
      maxUtteranceMs: dependencies.maxUtteranceMs,
      offer: floor.offer,
      failed: error => broken(toQuantvoxError(error)),
    })
    live = { hearing, floor, active }
    outbox.now({ type: 'ready', sessionId, conversationId: conversation.id, protocol: 1, settings })
    const waiting = held
    held = []
    for (const act of waiting) act()
  }

  async function firstActive({ type, protocol, ...wanted }: Start): Promise<ActiveHistory> {
    const { silenceMs, minSpeechMs } = dependencies.defaults
    const inherited: SessionSettings = {
      sampleRate: wanted.sampleRate,
      mode: wanted.mode,
      llmModel: wanted.llmModel ?? (await stages.settings.llmModel()),
      speechModel: stages.settings.speechModel,
      voice: stages.settings.voice,
      language: null,
      endpointing: { silenceMs },
      bargeIn: { minSpeechMs },
    }
    const settings = changed(inherited, wanted)
    await withinPatience(checkWanted(wanted, stages, ending.signal))
    return createActiveHistory({ settings, conversation: stages.conversations.open(wanted.conversationId) })
  }

  async function configure({ type, requestId, ...wanted }: Configure, at: Live, arrivedAtMs: number) {
    const request = ++requests
    const costs = await prepare(wanted, { ...dependencies, owner: sessionId }, ending.signal)
    ending.signal.throwIfAborted()
    // Of several that overlap the last one wins, whichever is ready first.
    const names = Object.keys(wanted).filter(name => (lastRequestFor.get(name) ?? 0) < request)
    for (const name of names) lastRequestFor.set(name, request)
    apply(Object.fromEntries(Object.entries(wanted).filter(([name]) => names.includes(name))), at)
    const { settings, conversation } = at.active.now()
    const switchMs = performance.now() - arrivedAtMs
    outbox.now({
      type: 'configured',
      requestId,
      conversationId: conversation.id,
      settings,
      switchMs,
      ...costs,
    })
  }

  function apply(wanted: Partial<Wanted>, { active, hearing, floor }: Live): void {
    const { settings, conversation } = active.now()
    const { conversationId } = wanted
    const next = changed(settings, wanted)
    active.set({
      settings: next,
      conversation: conversationId === undefined ? conversation : stages.conversations.open(conversationId),
    })
    if (next.mode !== hearing.mode()) {
      floor.discard()
      hearing.setMode(next.mode)
    }
    hearing.setSilenceMs(next.endpointing.silenceMs)
  }

  function act(message: Exclude<ClientMessage, { type: 'start' }>, at: Live, arrivedAtMs: number): void {
    const { hearing, floor } = at
    const isPushToTalk = hearing.mode() === 'push-to-talk'
    switch (message.type) {
      case 'configure':
        configure(message, at, arrivedAtMs).catch(error => report(error, { requestId: message.requestId }))
        return
      case 'begin':
        if (!isPushToTalk) throw outOfPlace('begin', 'It is for push-to-talk; this session is hands-free.')
        if (hearing.isOpen()) throw outOfPlace('begin', 'An utterance is open already.')
        hearing.begin(floor.take)
        return
      case 'commit':
        if (isPushToTalk && !hearing.isOpen()) throw outOfPlace('commit', 'No utterance is open.')
        hearing.commit(arrivedAtMs)
        return
      case 'cancel':
        if (isPushToTalk && !hearing.isOpen()) throw outOfPlace('cancel', 'No utterance is open.')
        hearing.drop()
        floor.discard()
        return
      case 'text':
        hearing.drop()
        floor.typed(message.text, arrivedAtMs)
        return
      case 'interrupt':
        floor.interrupt(message.turnId)
        return
      case 'playback':
        floor.playback(message)
    }
  }

  function report(thrown: unknown, about: { requestId?: string } = {}): void {
    if (ending.signal.aborted) return
    const error = toQuantvoxError(thrown)
    if (error.code === 'internal') log.error({ err: error }, 'session failed')
    if (error.recoverable) outbox.now(errorMessage(error, about))
    else broken(error)
  }

  /** Does it now, or as soon as the session is ready. */
  function inTurn(what: string, work: (at: Live) => void): void {
    if (live !== null) work(live)
    else if (sampleRate === null) throw outOfPlace(what, 'The session has not started.')
    else {
      held.push(() => {
        try {
          if (live !== null) work(live)
        } catch (error) {
          report(error)
        }
      })
    }
  }

  return {
    sessionId,
    message(message, arrivedAtMs) {
      if (message.type !== 'start') {
        inTurn(message.type, at => act(message, at, arrivedAtMs))
        return
      }
      if (sampleRate !== null) throw outOfPlace('start', 'The session has started already.')
      sampleRate = message.sampleRate
      start(message).catch(error => {
        sampleRate = null
        held = []
        report(error)
      })
    },
    audio(samples, arrivedAtMs) {
      inTurn('audio', ({ hearing }) => hearing.audio(samples, arrivedAtMs))
    },
    sampleRate: () => sampleRate,
    async finish() {
      await live?.floor.finish()
    },
    async close() {
      ending.abort(new Error('the session is over'))
      held = []
      live?.hearing.close()
      await live?.floor.leave()
    },
  }
}

function outOfPlace(what: string, why: string): QuantvoxError {
  return new QuantvoxError('invalid_state', `"${what}" is out of place. ${why}`)
}
