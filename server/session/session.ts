import { v7 as uuidv7 } from 'uuid'
import { untilAborted } from '../abort.ts'
import { durationMs } from '../audio/pcm.ts'
import { QuantvoxError, toQuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClientMessage, Start } from '../protocol/socketClient.ts'
import type { SessionSettings } from '../protocol/socketServer.ts'
import { WAKE_THRESHOLD, WAKE_WORD } from '../shared/defaults/wakeDefaults.ts'
import { inheritedBy } from '../spokenLanguage.ts'
import type { Sink } from './events.ts'
import { type Live, loadWakeWord, openLive, type SessionDependencies } from './live.ts'
import { stillLoading, withinPatience } from './patience.ts'
import { type ActiveHistory, changed, createActiveHistory } from './settings.ts'
import { checkWanted } from './switching.ts'

export type { SessionDependencies }

/** Audio that is held while a session gets ready; whoever sends more has waited long enough. */
const MAX_HELD_AUDIO_MS = 10_000

export type Session = {
  readonly sessionId: string
  /** A checked message. Throws `invalid_state`, which goes to the client. */
  message(message: ClientMessage, arrivedAtMs: number): void
  /** Mono samples at the rate of `start`. Throws `invalid_state`. */
  audio(samples: Int16Array, arrivedAtMs: number): void
  /** Hertz of the client's audio; null before `start`. */
  sampleRate(): number | null
  /** What only some doors ask of a session; null while it is not `ready`. */
  live(): Pick<Live, 'respond' | 'answering'> | null
  /** Takes no further turn; settles when those that are under way are over. */
  finish(): Promise<void>
  /** Ends everything; settles when the rows of all turns are written. */
  close(): Promise<void>
}

/** A `start` that is not `ready` yet, with what came after it. */
type Starting = { sampleRate: number; held: (() => void)[]; heldMs: number; fail(error: QuantvoxError): void }

/** A conversation by voice: what a client says goes in as messages and audio, what it is told comes out at `sink`. */
export function createSession(dependencies: SessionDependencies, listener: Sink, log: Log): Session {
  const sink = withHintsOnce(listener)
  const sessionId = uuidv7()
  const ending = new AbortController()
  const { signal } = ending
  let starting: Starting | null = null
  let live: Live | null = null
  let sampleRate: number | null = null

  async function start(message: Start): Promise<void> {
    const tooMuch = Promise.withResolvers<never>()
    const current: Starting = { ...message, held: [], heldMs: 0, fail: tooMuch.reject }
    starting = current
    sampleRate = message.sampleRate
    try {
      const first = withinPatience(untilAborted(firstActive(message, dependencies, signal), signal))
      const active = await Promise.race([first, tooMuch.promise])
      signal.throwIfAborted()
      const { conversation, settings } = active.now()
      live = openLive({ dependencies, sessionId, active, sampleRate, sink, log, report, signal })
      sink.tell({ type: 'ready', sessionId, conversationId: conversation.id, protocol: 1, settings })
    } catch (error) {
      sampleRate = null
      report(error)
      return
    } finally {
      starting = null
    }
    for (const act of current.held) act()
  }

  function report(thrown: unknown, requestId?: string): void {
    if (signal.aborted) return
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
        inTurn(message.type, at => at.act(message, arrivedAtMs))
        return
      }
      if (sampleRate !== null) throw outOfPlace('start', 'The session has started already.')
      void start(message)
    },
    audio(samples, arrivedAtMs) {
      if (starting !== null) {
        starting.heldMs += durationMs(samples.length, starting.sampleRate)
        if (starting.heldMs > MAX_HELD_AUDIO_MS) {
          starting.held = []
          starting.fail(stillLoading())
          return
        }
      }
      inTurn('audio', at => at.audio(samples, arrivedAtMs))
    },
    sampleRate: () => sampleRate,
    live: () => live,
    async finish() {
      await live?.finish()
    },
    async close() {
      ending.abort(new Error('the session is over'))
      starting = null
      await live?.leave()
    },
  }
}

async function firstActive(
  { type, protocol, ...wanted }: Start,
  { stages, defaults, wakeWords }: SessionDependencies,
  signal: AbortSignal,
): Promise<ActiveHistory> {
  const { endpointing, minSpeechMs, wake = { phrase: WAKE_WORD, threshold: WAKE_THRESHOLD } } = defaults
  const { sampleRate, mode } = wanted
  const { speechModel, voice } = stages.settings
  const inherited: SessionSettings = {
    ...{ sampleRate, mode, speechModel, voice },
    language: inheritedBy(wanted.speechModel ?? speechModel, stages.settings.language),
    llmModel: wanted.llmModel ?? (await stages.settings.llmModel()),
    endpointing,
    bargeIn: { minSpeechMs },
    wake,
  }
  const known = await checkWanted(wanted, stages, signal)
  const settings = changed(inherited, known)
  await loadWakeWord(settings, wakeWords, signal)
  await stages.conversations.recall(wanted.conversationId)
  const conversation = stages.conversations.open(wanted.conversationId)
  return createActiveHistory({ settings, conversation })
}

/** What was said once of a model or voice is known. */
function withHintsOnce({ tell, play }: Sink): Sink {
  const told = new Set<string>()
  return {
    play,
    tell(event) {
      if (event.type === 'hint' && told.size === told.add(event.message).size) return
      tell(event)
    },
  }
}

function outOfPlace(what: string, why: string): QuantvoxError {
  return new QuantvoxError('invalid_state', `"${what}" is out of place. ${why}`)
}
