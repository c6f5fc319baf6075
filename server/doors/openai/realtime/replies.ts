import type { Conversation } from '../../../conversation/conversations.ts'
import { QuantvoxError } from '../../../errors.ts'
import type { Log } from '../../../log.ts'
import type { TurnRecord } from '../../../protocol/record.ts'
import type { SessionEvent } from '../../../session/events.ts'
import type { Wish } from '../../../session/questions/question.ts'
import type { SessionDependencies } from '../../../session/session.ts'
import type { Stages } from '../../../session/stages.ts'
import { openAiError } from '../errors.ts'
import { voiceAsked } from '../names.ts'
import type { ResponseWanted } from './clientEvents.ts'
import type { Configuration } from './configuration.ts'
import type { Item, Items } from './items.ts'
import { itemOf } from './itemWanted.ts'
import { conversationOf } from './memory.ts'
import { Refusal } from './refusal.ts'
import { createResponse, noUsage, type Response, usageIn } from './response.ts'
import type { Emit } from './serverEvents.ts'

type Told = Exclude<SessionEvent, { type: 'audio' }>

export type RepliesOptions = {
  items: Items
  memory: Conversation
  emit: Emit
  stages: Stages
  dependencies: SessionDependencies
  log: Log
  configuration(): Configuration
  flushed(): Promise<boolean>
  /** Has the core answer; gives the turn that does, null where there is none. */
  respond(text: string, wish: Wish): string | null
}

type TurnReply = {
  /** Null until it begins, and where nothing is answered. */
  response: Response | null
  answersAtOnce: boolean
  isSpoken: boolean
  failure: QuantvoxError | null
}

/** What is answered in the conversation: the turns of the core as responses, one under way at a time. */
export function createReplies(options: RepliesOptions) {
  const { items, emit, stages, configuration } = options
  const turns = new Map<string, TurnReply>()
  let hasSpoken = false
  /** Interrupted by speech that is told of next. */
  let spokenOver: Response | null = null

  const underWay = () => [...turns.values()].find(({ response }) => response !== null && !response.isDone())
  const turnOf = (turnId: string): TurnReply => {
    const known = turns.get(turnId)
    if (known !== undefined) return known
    const turn = { response: null, answersAtOnce: false, isSpoken: false, failure: null }
    turns.set(turnId, turn)
    return turn
  }

  function responseFor(isSpoken: boolean, voice: string, wanted: ResponseWanted): Response {
    const max_output_tokens = wanted.max_output_tokens ?? configuration().maxOutputTokens
    return createResponse({
      ...{ items, emit, isSpoken, voice, max_output_tokens },
      ...{ metadata: wanted.metadata ?? null, conversation_id: options.memory.id },
    })
  }

  function begun(turnId: string): Response {
    const turn = turnOf(turnId)
    const { isSpoken, voice } = configuration()
    turn.response ??= responseFor(isSpoken, voice, {})
    return turn.response
  }

  function create(wanted: ResponseWanted): void {
    const active = underWay()?.response
    if (active) {
      const message = `Conversation already has an active response in progress: ${active.id}. Wait until it is finished.`
      throw new Refusal('conversation_already_has_active_response', message)
    }
    const now = configuration()
    const isSpoken = wanted.output_modalities?.includes('audio') ?? now.isSpoken
    const voice =
      wanted.audio?.output?.voice == null ? now.voice : voiceAsked(wanted.audio.output.voice, stages).name
    const { instructions } = wanted
    const memory =
      instructions == null && wanted.input == null
        ? options.memory
        : conversationOf(options.memory.id, itemsOf(wanted, items), () => instructions ?? now.instructions)
    const speaker = stages.voice(isSpoken ? voice : 'none')
    const turnId = options.respond(lastWords(memoryItems(wanted)), question => ({
      ...{ ...question, voice: speaker, conversation: memory },
    }))
    // It was told why.
    if (turnId === null) return
    turnOf(turnId).response = responseFor(isSpoken, voice, wanted)
  }

  const memoryItems = (wanted: ResponseWanted): readonly Item[] => itemsOf(wanted, items)()

  return {
    create,
    /** Somebody speaks: an answer that this interrupts has ended. */
    spoken(turnId: string, answersAtOnce: boolean): void {
      Object.assign(turnOf(turnId), { answersAtOnce, isSpoken: true })
      endSpokenOver()
    },
    understood(turnId: string): void {
      const turn = turns.get(turnId)
      if (turn?.answersAtOnce && turn.response === null && underWay() === undefined) begun(turnId)
    },
    tell(event: Told): void {
      switch (event.type) {
        case 'reply.delta':
          begun(event.turnId).text(event.text)
          break
        case 'reply.done':
          begun(event.turnId).wholeText(event.text)
          break
        case 'audio.started':
          begun(event.turnId).audioAt(event.sampleRate)
          break
        case 'called':
          begun(event.turnId).call(event.name, event.arguments)
          break
        case 'interrupted': {
          const turn = turnOf(event.turnId)
          turn.answersAtOnce = false
          if (event.reason === 'barge-in') spokenOver = turn.response
          else if (turn.response !== null) cancel(turn.response, 'client_cancelled')
        }
      }
    },
    play(turnId: string, samples: Int16Array): void {
      hasSpoken = true
      turns.get(turnId)?.response?.audio(samples)
    },
    failed(turnId: string, error: QuantvoxError): void {
      turnOf(turnId).failure = error
    },
    over(turnId: string, record: TurnRecord): void {
      const turn = turns.get(turnId)
      if (turn === undefined) return
      if (spokenOver === turn.response) endSpokenOver()
      if (turn.answersAtOnce && record.outcome === 'failed') begun(turnId)
      turns.delete(turnId)
      if (turn.response !== null) finish(turn.response, record, turn.failure)
    },
    has: (turnId: string): boolean => turns.get(turnId)?.response != null,
    hasSpoken: (): boolean => hasSpoken,
    /** The turn whose response is to be cancelled. @throws Refusal where none is under way */
    toCancel(responseId: string | null): string | null {
      for (const [turnId, { response }] of turns) {
        if (response === null || response.isDone()) continue
        if (responseId === null || response.id === responseId) return turnId
      }
      const message = 'Cancellation failed: no active response found.'
      throw new Refusal('response_cancel_not_active', message)
    },
    async close(): Promise<void> {},
  }

  function endSpokenOver(): void {
    if (spokenOver !== null) cancel(spokenOver, 'turn_detected')
    spokenOver = null
  }
}

/** What a response is to know: all that was said, or what its client chose of it. */
function itemsOf({ input }: ResponseWanted, items: Items): () => readonly Item[] {
  if (input == null) return items.all
  const chosen = input.map(one => (one.type === 'item_reference' ? items.get(one.id) : itemOf(one)))
  return () => chosen
}

/** The last that somebody asked, for the record. */
function lastWords(items: readonly Item[]): string {
  const last = items.findLast(item => item.type === 'message' && item.role === 'user')
  if (last?.type !== 'message') return ''
  return last.content
    .map(part => ('text' in part ? part.text : (part.transcript ?? '')))
    .join(' ')
    .trim()
}

function cancel(response: Response, reason: 'turn_detected' | 'client_cancelled'): void {
  response.finish('cancelled', { type: 'cancelled', reason }, noUsage())
}

/** The turn is over, and with it whatever is left of its response. */
function finish(response: Response, record: TurnRecord, failure: QuantvoxError | null): void {
  const usage = usageIn(record)
  const { outcome, errorCode, llm } = record
  if (outcome === 'interrupted' || outcome === 'discarded') {
    response.finish('cancelled', { type: 'cancelled', reason: 'client_cancelled' }, usage)
  } else if (outcome === 'failed') {
    const known = failure ?? new QuantvoxError('internal', 'The reply failed.')
    const { type, code, message } = openAiError(known).error
    const error = { type, code: code ?? errorCode ?? 'internal', message }
    response.finish('failed', { type: 'failed', error }, usage)
  } else if (llm.doneReason === 'length') {
    response.finish('incomplete', { type: 'incomplete', reason: 'max_output_tokens' }, usage)
  } else {
    response.finish('completed', null, usage)
  }
}
