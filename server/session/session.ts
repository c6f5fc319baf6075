import { v7 as uuidv7 } from 'uuid'
import { durationMs } from '../audio/pcm.ts'
import { QuantvoxError, toQuantvoxError } from '../errors.ts'
import { fixedSilence } from '../hearing/endpointing.ts'
import { createHearing, type Hearing } from '../hearing/hearing.ts'
import type { VoiceActivity } from '../hearing/voiceActivity.ts'
import type { Log } from '../log.ts'
import type { Source } from '../protocol/record.ts'
import type { ClientMessage, Configure, Start } from '../protocol/socketClient.ts'
import type { SessionSettings } from '../protocol/socketServer.ts'
import type { ReplyAudio } from '../record/replyAudio.ts'
import type { Sink } from './events.ts'
import { stillLoading, withinPatience } from './patience.ts'
import { spokenQuestion } from './questions/spokenQuestion.ts'
import { typedQuestion } from './questions/wholeQuestion.ts'
import { createRunner, type Runner } from './runner.ts'
import { type ActiveHistory, changed, createActiveHistory, type Wanted } from './settings.ts'
import type { Stages } from './stages.ts'
import { checkWanted, type LoadedModels, prepare } from './switching.ts'
import type { TurnObserver } from './turn.ts'

/** Audio that is held while a session gets ready; whoever sends more has waited long enough. */
const MAX_HELD_AUDIO_MS = 10_000

export type SessionDependencies = {
  stages: Stages
  /** Whom its turns are recorded for: a client, or a comparison. */
  source: Source
  observers: ReadonlySet<TurnObserver>
  /** Whether the listener plays replies in its own time, and may report it. */
  plays: boolean
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

type Live = { hearing: Hearing; runner: Runner; active: ActiveHistory }
/** A `start` that is not `ready` yet, with what came after it. */
type Starting = { sampleRate: number; held: (() => void)[]; heldMs: number; fail(error: QuantvoxError): void }

/** A conversation by voice: what a client says goes in as messages and audio, what it is told comes out at `sink`. */
export function createSession(dependencies: SessionDependencies, sink: Sink, log: Log): Session {
  const { stages } = dependencies
  const sessionId = uuidv7()
  const ending = new AbortController()
  let starting: Starting | null = null
  let live: (Live & { sampleRate: number }) | null = null
  let requests = 0
  const lastRequestFor = new Map<string, number>()

  async function start(message: Start): Promise<void> {
    const { sampleRate } = message
    const tooMuch = Promise.withResolvers<never>()
    const current: Starting = { sampleRate, held: [], heldMs: 0, fail: tooMuch.reject }
    starting = current
    try {
      const active = await Promise.race([withinPatience(firstActive(message)), tooMuch.promise])
      ending.signal.throwIfAborted()
      live = { ...openLive(active, sampleRate), active, sampleRate }
    } catch (error) {
      report(error)
      return
    } finally {
      starting = null
    }
    const { settings, conversation } = live.active.now()
    sink.tell({ type: 'ready', sessionId, conversationId: conversation.id, protocol: 1, settings })
    for (const act of current.held) act()
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
    await checkWanted(wanted, stages, ending.signal)
    const conversation = stages.conversations.open(wanted.conversationId)
    return createActiveHistory({ settings: changed(inherited, wanted), conversation })
  }

  function openLive(active: ActiveHistory, sampleRate: number): Pick<Live, 'hearing' | 'runner'> {
    const { mode, endpointing, bargeIn } = active.now().settings
    const runner = createRunner({
      ...{ ...dependencies, sink, log, sessionId },
      settings: { mode, bargeInMs: bargeIn.minSpeechMs },
      conversationId: () => active.now().conversation.id,
      spoken: () => spokenQuestion(active, dependencies.partialTranscripts),
    })
    const hearing = createHearing({
      ...{ activity: dependencies.activity, sampleRate, silenceMs: endpointing.silenceMs },
      endpointing: fixedSilence(endpointing.silenceMs),
      maxUtteranceMs: dependencies.maxUtteranceMs,
      ...{ voiced: runner.voiced, ended: runner.ended, cutOff: runner.cutOff, failed: runner.broken },
    })
    runner.listen(hearing)
    return { hearing, runner }
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
    const conversationId = conversation.id
    sink.tell({ type: 'configured', requestId, conversationId, settings, switchMs, ...costs })
  }

  function apply(wanted: Partial<Wanted>, { active, hearing, runner }: Live): void {
    const { settings, conversation } = active.now()
    const { conversationId } = wanted
    const next = changed(settings, wanted)
    active.set({
      settings: next,
      conversation: conversationId === undefined ? conversation : stages.conversations.open(conversationId),
    })
    const { silenceMs } = next.endpointing
    hearing.setEndpointing(fixedSilence(silenceMs), silenceMs)
    runner.configured(next.mode, next.bargeIn.minSpeechMs)
  }

  function act(message: Exclude<ClientMessage, { type: 'start' }>, at: Live, arrivedAtMs: number): void {
    const { hearing, runner, active } = at
    switch (message.type) {
      case 'configure':
        configure(message, at, arrivedAtMs).catch(error => report(error, message.requestId))
        break
      case 'begin':
        runner.begin(hearing.positionMs(), arrivedAtMs)
        break
      case 'commit':
        runner.commit(arrivedAtMs)
        break
      case 'cancel':
        runner.cancel()
        break
      case 'text':
        runner.ask(typedQuestion(message.text, active.now(), arrivedAtMs), arrivedAtMs)
        break
      case 'interrupt':
        runner.interrupt(message.turnId ?? null, arrivedAtMs)
        break
      case 'playback':
        runner.playback(message)
    }
  }

  function report(thrown: unknown, requestId?: string): void {
    if (ending.signal.aborted) return
    const error = toQuantvoxError(thrown)
    if (error.code === 'internal') log.error({ err: error }, 'session failed')
    sink.tell({ type: 'error', error, ...(requestId === undefined ? {} : { requestId }) })
  }

  /** Does it now, or as soon as the session is ready. */
  function inTurn(what: string, work: (at: Live) => void): void {
    if (live !== null) work(live)
    else if (starting === null) throw outOfPlace(what, 'The session has not started.')
    else starting.held.push(() => live && work(live))
  }

  return {
    sessionId,
    message(message, arrivedAtMs) {
      if (message.type !== 'start') {
        inTurn(message.type, at => act(message, at, arrivedAtMs))
        return
      }
      if (live !== null || starting !== null) throw outOfPlace('start', 'The session has started already.')
      void start(message)
    },
    audio(samples, arrivedAtMs) {
      if (live === null && starting !== null) {
        starting.heldMs += durationMs(samples.length, starting.sampleRate)
        if (starting.heldMs > MAX_HELD_AUDIO_MS) {
          starting.held = []
          return starting.fail(stillLoading())
        }
      }
      inTurn('audio', ({ hearing }) => hearing.audio(samples, arrivedAtMs))
    },
    sampleRate: () => live?.sampleRate ?? starting?.sampleRate ?? null,
    async finish() {
      await live?.runner.finish()
    },
    async close() {
      ending.abort(new Error('the session is over'))
      starting = null
      await live?.runner.leave()
    },
  }
}

function outOfPlace(what: string, why: string): QuantvoxError {
  return new QuantvoxError('invalid_state', `"${what}" is out of place. ${why}`)
}
