import { createPcmResampler, durationMs, toBytes } from '../../../audio/pcm.ts'
import { QuantvoxError } from '../../../errors.ts'
import type { TurnRecord } from '../../../protocol/record.ts'
import type { SessionEvent } from '../../../session/events.ts'
import { openAiError } from '../errors.ts'
import { type AssistantItem, type AssistantPart, type FunctionCall, type Items, newId } from './items.ts'
import type { Emit, Part, ResponseShape, ResponseStatus, StatusDetails, Usage } from './wire/serverEvents.ts'

export const OUTPUT_RATE = 24_000

export type ResponseOptions = Pick<ResponseShape, 'metadata' | 'max_output_tokens' | 'conversation_id'> & {
  isSpoken: boolean
  voice: string
  /** Where what it says is remembered; null for one that is no part of the conversation. */
  items: Items | null
  emit: Emit
}

export type Response = ReturnType<typeof createResponse>

/** The message that a response is saying. */
type Open = { item: AssistantItem; part: AssistantPart; outputIndex: number; isTextDone: boolean }

/** One response, as the events that a client expects of it, in their order; it begins and ends exactly once. */
export function createResponse({ isSpoken, voice, items, emit, ...told }: ResponseOptions) {
  const id = newId('resp')
  const output: ResponseShape['output'] = []
  let open: Open | null = null
  let resampler: ReturnType<typeof createPcmResampler> | null = null
  const calls: { name: string; argumentsText: string }[] = []
  let isDone = false
  let hasAudio = false

  function shape(status: ResponseStatus, details: StatusDetails | null, usage: Usage | null): ResponseShape {
    return {
      ...{ id, object: 'realtime.response', status, status_details: details, output: [...output] },
      ...{ output_modalities: [isSpoken ? 'audio' : 'text'], ...told, usage },
      audio: { output: { format: { type: 'audio/pcm', rate: OUTPUT_RATE }, voice } },
    }
  }

  /** Tells of a new item; what of it is known later goes into the same object. */
  function add(item: AssistantItem | FunctionCall): number {
    const outputIndex = output.push(item) - 1
    const before = items?.add(item) ?? null
    const now = structuredClone(item)
    emit({ type: 'response.output_item.added', response_id: id, output_index: outputIndex, item: now })
    if (items !== null) emit({ type: 'conversation.item.added', previous_item_id: before, item: now })
    return outputIndex
  }

  function end(item: AssistantItem | FunctionCall, outputIndex: number): void {
    const now = structuredClone(item)
    emit({ type: 'response.output_item.done', response_id: id, output_index: outputIndex, item: now })
    if (items === null) return
    emit({ type: 'conversation.item.done', previous_item_id: items.before(item.id), item: now })
  }

  const placeOf = ({ item, outputIndex }: Open) => ({
    ...{ response_id: id, item_id: item.id, output_index: outputIndex, content_index: 0 },
  })
  const toldPart = (part: AssistantPart): Part =>
    part.type === 'output_audio'
      ? { type: 'audio', transcript: part.transcript }
      : { type: 'text', text: part.text }

  function opened(): Open {
    if (open !== null) return open
    const common = { id: newId('item'), object: 'realtime.item', status: 'in_progress' } as const
    const item: AssistantItem = { ...common, type: 'message', role: 'assistant', content: [] }
    const outputIndex = add(item)
    const part: AssistantPart = isSpoken
      ? { type: 'output_audio', transcript: '' }
      : { type: 'output_text', text: '' }
    item.content.push(part)
    open = { item, part, outputIndex, isTextDone: false }
    emit({ type: 'response.content_part.added', ...placeOf(open), part: toldPart(part) })
    return open
  }

  function textDone(at: Open): void {
    if (at.isTextDone) return
    at.isTextDone = true
    const { part } = at
    if (part.type === 'output_text')
      emit({ type: 'response.output_text.done', ...placeOf(at), text: part.text })
    else
      emit({
        type: 'response.output_audio_transcript.done',
        ...placeOf(at),
        transcript: part.transcript,
      })
  }

  function sendAudio(at: Open, samples: Int16Array): void {
    if (samples.length === 0) return
    hasAudio = true
    items?.sentAudio(at.item.id, durationMs(samples.length, OUTPUT_RATE))
    const delta = toBytes(samples).toString('base64')
    emit({ type: 'response.output_audio.delta', ...placeOf(at), delta })
  }

  /** Ends the message that is being said, if one is. */
  function close(status: 'completed' | 'incomplete'): void {
    if (open === null) return
    const at = open
    open = null
    if (status === 'completed' && resampler !== null) sendAudio(at, resampler.end())
    resampler = null
    if (isSpoken) emit({ type: 'response.output_audio.done', ...placeOf(at) })
    textDone(at)
    emit({ type: 'response.content_part.done', ...placeOf(at), part: toldPart(at.part) })
    at.item.status = status
    end(at.item, at.outputIndex)
  }

  function emitCall(name: string, argumentsText: string): void {
    const common = { id: newId('item'), object: 'realtime.item', status: 'in_progress' } as const
    const item: FunctionCall = {
      ...{ ...common, type: 'function_call', call_id: newId('call'), name, arguments: '' },
    }
    const outputIndex = add(item)
    const place = { response_id: id, item_id: item.id, output_index: outputIndex, call_id: item.call_id }
    emit({ type: 'response.function_call_arguments.delta', ...place, delta: argumentsText })
    emit({
      type: 'response.function_call_arguments.done',
      ...{ ...place, name, arguments: argumentsText },
    })
    item.arguments = argumentsText
    item.status = 'completed'
    end(item, outputIndex)
  }

  emit({ type: 'response.created', response: shape('in_progress', null, null) })

  return {
    id,
    isSpoken,
    isDone: () => isDone,
    /** Whether anything was spoken. */
    hasAudio: () => hasAudio,
    text(delta: string): void {
      if (isDone) return
      const at = opened()
      if (at.part.type === 'output_text') {
        at.part.text += delta
        emit({ type: 'response.output_text.delta', ...placeOf(at), delta })
      } else {
        at.part.transcript += delta
        emit({ type: 'response.output_audio_transcript.delta', ...placeOf(at), delta })
      }
    },
    /** All of its words are known. */
    wholeText(text: string): void {
      if (isDone || (open === null && text === '')) return
      const { part } = opened()
      if (part.type === 'output_text') part.text = text
      else part.transcript = text
    },
    audioAt(sampleRate: number): void {
      if (isDone || !isSpoken) return
      if (open !== null && resampler !== null) sendAudio(open, resampler.end())
      resampler = createPcmResampler(sampleRate, OUTPUT_RATE)
    },
    audio(samples: Int16Array): void {
      if (isDone || resampler === null) return
      sendAudio(opened(), resampler.push(samples))
    },
    /** One that comes behind words is told when they are spoken. */
    call(name: string, argumentsText: string): void {
      if (isDone) return
      if (open === null) emitCall(name, argumentsText)
      else calls.push({ name, argumentsText })
    },
    /** Nothing more comes of it. */
    finish(
      status: Exclude<ResponseStatus, 'in_progress'>,
      details: StatusDetails | null,
      usage: Usage,
    ): void {
      if (isDone) return
      close(status === 'completed' ? 'completed' : 'incomplete')
      if (status === 'completed') for (const { name, argumentsText } of calls) emitCall(name, argumentsText)
      isDone = true
      emit({ type: 'response.done', response: structuredClone(shape(status, details, usage)) })
    },
  }
}

type Told = Exclude<SessionEvent, { type: 'audio' }>

/** What the core says of a turn's reply. */
export function tellResponse(response: Response, event: Told): void {
  if (event.type === 'reply.delta') response.text(event.text)
  else if (event.type === 'reply.done') response.wholeText(event.text)
  else if (event.type === 'audio.started') response.audioAt(event.sampleRate)
  else if (event.type === 'calls')
    for (const { name, arguments: given } of event.calls) response.call(name, JSON.stringify(given))
}

export function cancelResponse(response: Response, reason: 'turn_detected' | 'client_cancelled'): void {
  response.finish('cancelled', { type: 'cancelled', reason }, usageOf(0, 0, 0))
}

/** The turn is over, and with it whatever is left of its response. */
export function finishResponse(response: Response, record: TurnRecord, failure: QuantvoxError | null): void {
  const usage = usageIn(record)
  const { outcome, llm } = record
  if (outcome === 'interrupted' || outcome === 'discarded') {
    response.finish('cancelled', { type: 'cancelled', reason: 'client_cancelled' }, usage)
  } else if (outcome === 'failed') {
    const known = failure ?? new QuantvoxError('internal', 'The reply failed.')
    const { type, code, message } = openAiError(known).error
    response.finish('failed', { type: 'failed', error: { type, code: code ?? known.code, message } }, usage)
  } else if (llm.doneReason === 'length') {
    response.finish('incomplete', { type: 'incomplete', reason: 'max_output_tokens' }, usage)
  } else {
    response.finish('completed', null, usage)
  }
}

/** Tokens of a turn, 0 where they are not known. */
const usageIn = ({ llm }: TurnRecord): Usage =>
  usageOf(llm.promptTokens ?? 0, llm.cachedPromptTokens ?? 0, llm.outputTokens ?? 0)

function usageOf(input: number, cached: number, output: number): Usage {
  return {
    ...{ total_tokens: input + output, input_tokens: input, output_tokens: output },
    input_token_details: {
      ...{ cached_tokens: cached, text_tokens: input, audio_tokens: 0, image_tokens: 0 },
      cached_tokens_details: { text_tokens: cached, audio_tokens: 0, image_tokens: 0 },
    },
    output_token_details: { text_tokens: output, audio_tokens: 0 },
  }
}
