import type { Conversation } from '../../../conversation/conversations.ts'
import type { QuantvoxError } from '../../../errors.ts'
import type { Log } from '../../../log.ts'
import type { TurnRecord } from '../../../protocol/record.ts'
import type { SessionEvent } from '../../../session/events.ts'
import type { Wish } from '../../../session/questions/question.ts'
import type { SessionDependencies } from '../../../session/session.ts'
import type { Stages } from '../../../session/stages.ts'
import { voiceAsked } from '../names.ts'
import { createAsides } from './asides.ts'
import type { Configuration } from './configuration.ts'
import { itemOf } from './itemEvents.ts'
import type { Item, Items } from './items.ts'
import { conversationOf, type Manner, wordsOf } from './memory.ts'
import { cancelResponse, createResponse, finishResponse, type Response, tellResponse } from './response.ts'
import type { ResponseWanted } from './wire/clientEvents.ts'
import { Refusal } from './wire/refusal.ts'
import type { Emit } from './wire/serverEvents.ts'

type Told = Exclude<SessionEvent, { type: 'audio' }>

export type RepliesOptions = {
  items: Items
  memory: Conversation
  emit: Emit
  stages: Stages
  dependencies: SessionDependencies
  log: Log
  configuration(): Configuration
  /** An Ollama tag. */
  model(): string
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
  const asides = createAsides(options)
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
    const now = configuration()
    const isSpoken = wanted.output_modalities?.includes('audio') ?? now.isSpoken
    const voice =
      wanted.audio?.output?.voice == null ? now.voice : voiceAsked(wanted.audio.output.voice, stages).name
    const known = itemsOf(wanted, items)
    const manner = mannerOf(wanted, now)
    if (wanted.conversation === 'none') {
      const text = lastWords(known())
      asides.ask({ wanted, manner, text, items: known, voice, isSpoken })
      return
    }
    items.refuseFull()
    const active = underWay()?.response
    if (active) {
      const message = `Conversation already has an active response in progress: ${active.id}. Wait until it is finished.`
      throw new Refusal('conversation_already_has_active_response', message)
    }
    const memory = conversationOf(options.memory.id, known, () => manner)
    const speaker = stages.voice(isSpoken ? voice : 'none')
    const turnId = options.respond(lastWords(known()), question => ({
      ...{ ...question, voice: speaker, conversation: memory },
    }))
    // It was told why.
    if (turnId === null) return
    turnOf(turnId).response = responseFor(isSpoken, voice, wanted)
  }

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
        case 'reply.done':
        case 'audio.started':
        case 'calls':
          tellResponse(begun(event.turnId), event)
          break
        case 'interrupted': {
          const turn = turnOf(event.turnId)
          turn.answersAtOnce = false
          if (event.reason === 'barge-in') spokenOver = turn.response
          else if (turn.response !== null) cancelResponse(turn.response, 'client_cancelled')
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
      if (turn.response !== null) finishResponse(turn.response, record, turn.failure)
    },
    /** Nothing is answered to it. */
    forget(turnId: string): void {
      turns.delete(turnId)
    },
    has: (turnId: string): boolean => turns.get(turnId)?.response != null,
    hasSpoken: (): boolean => hasSpoken,
    /** The turn whose response is to be cancelled, null where that is done already. @throws Refusal where none is under way */
    cancel(responseId: string | null): string | null {
      if (responseId !== null && asides.cancel(responseId)) return null
      for (const [turnId, { response }] of turns) {
        if (response === null || response.isDone()) continue
        if (responseId === null || response.id === responseId) return turnId
      }
      const message = 'Cancellation failed: no active response found.'
      throw new Refusal('response_cancel_not_active', message)
    },
    close: asides.close,
  }

  function endSpokenOver(): void {
    if (spokenOver !== null) cancelResponse(spokenOver, 'turn_detected')
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
  return last?.type === 'message' ? wordsOf(last) : ''
}

function mannerOf(wanted: ResponseWanted, now: Configuration): Manner {
  return {
    instructions: wanted.instructions ?? now.instructions,
    tools: wanted.tools ?? now.tools,
    toolChoice: wanted.tool_choice ?? now.toolChoice,
    maxOutputTokens: wanted.max_output_tokens ?? now.maxOutputTokens,
  }
}
