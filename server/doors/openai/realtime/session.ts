import { type QuantvoxError, toQuantvoxError } from '../../../errors.ts'
import type { Log } from '../../../log.ts'
import type { SessionEvent, Sink } from '../../../session/events.ts'
import { createSession, type SessionDependencies } from '../../../session/session.ts'
import { createBuffer } from './buffer.ts'
import {
  type Configuration,
  coreSettings,
  type Defaults,
  firstConfiguration,
  merged,
  refuseOtherModel,
  refuseOtherVoice,
  shapeOf,
} from './configuration.ts'
import { createInput } from './input.ts'
import { actOnItems } from './itemEvents.ts'
import { createItems, newId } from './items.ts'
import { conversationOf, onlyConversation } from './memory.ts'
import { createReplies } from './replies.ts'
import { OUTPUT_RATE } from './response.ts'
import type { ClientEvent } from './wire/clientEvents.ts'
import { errorEvent, Refusal } from './wire/refusal.ts'
import type { Emit } from './wire/serverEvents.ts'
import type { SessionUpdate } from './wire/sessionShape.ts'

/** What a model can do is looked up as fast as Ollama answers; the wait for a model is over by then. */
const KNOWN_WITHIN_MS = 5000

export type RealtimeOptions = {
  dependencies: SessionDependencies
  defaults: Defaults
  /** An Ollama tag; undefined for the server's own. */
  model: string | undefined
  isTranscription: boolean
  /** What a client secret brings. */
  update: SessionUpdate | null
  expiresAt: number | null
  emit: Emit
  /** Settles when what was emitted is on its way. */
  flushed(): Promise<boolean>
  /** A failure that the session does not survive. */
  fatal(error: QuantvoxError): void
  log: Log
}

/** A session of the core, as OpenAI's Realtime API has it. */
export function createRealtimeSession(options: RealtimeOptions) {
  const { dependencies, defaults, emit, log } = options
  const { stages } = dependencies
  const items = createItems()
  const memory = conversationOf(newId('conv'), items.all, () => configuration)
  const first = firstConfiguration(options.isTranscription, defaults)
  let configuration = options.update === null ? first : merged(first, options.update, defaults)
  let model = ''
  let callsFunctions = true
  /** What waits for the session to be ready, or for settings to be in force; null while nothing does. */
  let held: (() => void)[] | null = []
  let updating: { next: Configuration; eventId: string | null } | null = null
  /** Turns for which the conversation had no room: nothing more is told of them. */
  const unplaced = new Set<string>()
  /** The client's event that is being done. */
  let current: string | null = null

  const isManual = () => configuration.turnDetection === null
  const input = createInput(items, emit, () => ({
    findsTurns: !isManual(),
    tellsTranscripts: configuration.transcription !== null,
  }))
  const buffer = createBuffer({ items, input, emit, isManual, core: () => core })
  const replies = createReplies({
    ...{ items, memory, emit, stages, dependencies, log },
    configuration: () => configuration,
    model: () => model,
    flushed: options.flushed,
    respond: (text, wish) => core.live()?.respond(text, wish, performance.now()) ?? null,
  })

  const conversations = onlyConversation(memory)
  const core = createSession({ ...dependencies, stages: { ...stages, conversations } }, sink(), log)
  const shape = () => shapeOf(configuration, `sess_${core.sessionId}`, model, options.expiresAt)

  function sink(): Sink {
    return {
      async play({ turnId, samples }) {
        replies.play(turnId, samples)
        return await options.flushed()
      },
      tell: event => tell(event),
    }
  }

  function tell(event: Exclude<SessionEvent, { type: 'audio' }>): void {
    const endsSession = event.type === 'error' && !event.error.recoverable
    if ('turnId' in event && unplaced.has(event.turnId ?? '') && !endsSession) {
      if (event.type === 'turn.done') unplaced.delete(event.turnId)
      return
    }
    switch (event.type) {
      case 'ready':
        void ready(event.settings.llmModel)
        break
      case 'configured':
        if (updating === null) break
        configuration = updating.next
        updating = null
        buffer.configured()
        core.live()?.answering(answeringOf(configuration))
        emit({ type: 'session.updated', session: shape() })
        goOn()
        break
      case 'speech.started':
        buffer.started(event.turnId)
        input.started(event.turnId, event.positionMs)
        replies.spoken(event.turnId, answeringOf(configuration) === 'at-once')
        break
      case 'speech.stopped':
        buffer.stopped(event.turnId)
        if (!isManual() && !hasRoom(event.turnId)) break
        input.stopped(event.turnId, event.positionMs)
        break
      case 'transcript.final':
        input.understood(event.turnId, event.text)
        replies.understood(event.turnId)
        break
      case 'error':
        failed(event.error, event.turnId, event.requestId)
        break
      case 'turn.done':
        input.over(event.turnId, event.outcome)
        replies.over(event.turnId, event.timings)
        break
      default:
        replies.tell(event)
    }
  }

  /** Where there is none for what was said, its client is told so, and the turn ends without an answer. */
  function hasRoom(turnId: string): boolean {
    try {
      items.refuseFull()
      return true
    } catch (full) {
      emit(errorEvent(toQuantvoxError(full), null))
      input.forget(turnId)
      replies.forget(turnId)
      unplaced.add(turnId)
      // The core is in the middle of telling.
      queueMicrotask(() => core.message({ type: 'interrupt', turnId }, performance.now()))
      return false
    }
  }

  async function ready(llmModel: string): Promise<void> {
    const signal = AbortSignal.timeout(KNOWN_WITHIN_MS)
    const found = stages.languageModel(llmModel, signal).then(known => stages.callsTools(known, signal))
    // Where that cannot be told, whoever asks is told what Ollama says.
    callsFunctions = await found.catch(() => true)
    if (configuration.tools.length > 0 && !callsFunctions) {
      options.fatal(noFunctions(llmModel))
      return
    }
    model = llmModel
    core.live()?.answering(answeringOf(configuration))
    emit({ type: 'session.created', session: shape() })
    goOn()
  }

  function failed(error: QuantvoxError, turnId?: string, requestId?: string): void {
    if (!error.recoverable || model === '') {
      options.fatal(error)
    } else if (turnId !== undefined && (input.has(turnId) || replies.has(turnId))) {
      input.failed(turnId, error)
      replies.failed(turnId, error)
    } else {
      emit(errorEvent(error, updating?.eventId ?? current))
      if (requestId === undefined) return
      updating = null
      goOn()
    }
  }

  /** Does what was held back, as far as it goes. */
  function goOn(): void {
    while (held !== null && updating === null && model !== '') {
      const next = held.shift()
      if (next === undefined) held = null
      else next()
    }
  }

  function update(wanted: SessionUpdate, eventId: string | null): void {
    const next = merged(configuration, wanted, defaults)
    if (replies.hasSpoken()) refuseOtherVoice(configuration, next)
    refuseOtherModel(wanted, model)
    if (next.tools.length > 0 && !callsFunctions) throw noFunctions(model)
    updating = { next, eventId }
    held ??= []
    core.message(
      { type: 'configure', requestId: newId('update'), ...coreSettings(next, defaults) },
      performance.now(),
    )
  }

  function act(event: ClientEvent, arrivedAtMs: number): void {
    switch (event.type) {
      case 'session.update':
        update(event.session, event.event_id ?? null)
        break
      case 'input_audio_buffer.append':
        buffer.append(event.audio, arrivedAtMs)
        break
      case 'input_audio_buffer.commit':
        buffer.commit(arrivedAtMs)
        break
      case 'input_audio_buffer.clear':
        buffer.clear(arrivedAtMs)
        break
      case 'output_audio_buffer.clear':
        throw new Refusal('unsupported_event', 'What was sent is with the client: it clears it by itself.')
      case 'conversation.item.create':
      case 'conversation.item.retrieve':
      case 'conversation.item.truncate':
      case 'conversation.item.delete':
        actOnItems(event, items, emit)
        break
      case 'response.create':
        if (configuration.isTranscription)
          throw new Refusal('invalid_session_type', 'A transcription session answers nothing.')
        if ((event.response?.tools?.length ?? 0) > 0 && !callsFunctions) throw noFunctions(model)
        replies.create(event.response ?? {})
        break
      case 'response.cancel': {
        const turnId = replies.cancel(event.response_id ?? null)
        if (turnId !== null) core.message({ type: 'interrupt', turnId }, arrivedAtMs)
      }
    }
  }

  core.message(
    {
      ...{ type: 'start', protocol: 1, sampleRate: OUTPUT_RATE, ...coreSettings(configuration, defaults) },
      ...(options.model === undefined ? {} : { llmModel: options.model }),
    },
    performance.now(),
  )

  return {
    sessionId: core.sessionId,
    /** A checked event, done now or as soon as what comes before it is. */
    take(event: ClientEvent, eventId: string | null, arrivedAtMs: number): void {
      const work = () => {
        current = eventId
        try {
          act(event, arrivedAtMs)
        } catch (thrown) {
          const error = toQuantvoxError(thrown)
          if (error.code === 'internal') log.error({ err: error }, 'an event failed')
          emit(errorEvent(error, eventId))
        } finally {
          current = null
        }
      }
      if (held === null) work()
      else held.push(work)
    },
    /** It waits for what is not ready, and holds back what comes meanwhile. */
    isHolding: (): boolean => held !== null,
    finish: core.finish,
    async close(): Promise<void> {
      held = []
      await Promise.all([core.close(), replies.close()])
    },
  }
}

function noFunctions(model: string): Refusal {
  const message = `The language model ${model} cannot call functions. Choose one that can, such as a qwen3.`
  return new Refusal('tools_not_supported', message, 'session.tools')
}

function answeringOf({ isTranscription, turnDetection }: Configuration) {
  if (isTranscription) return 'never'
  return turnDetection?.create_response ? 'at-once' : 'when-asked'
}
