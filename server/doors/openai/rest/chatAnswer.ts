import { randomUUID } from 'node:crypto'
import { ENCODED_RATE } from '../../../audio/encoding/encode.ts'
import { atEncodedRate } from '../../../audio/encoding/formats.ts'
import { createPcmResampler, type SpokenAudio, toBytes } from '../../../audio/pcm.ts'
import type { ToolCall } from '../../../llm/toolCalls.ts'
import type { TurnRecord } from '../../../protocol/record.ts'
import type { ChatEvent } from '../../../session/parts/chat.ts'
import { formatOf } from './speech.ts'

/** Replies are kept so long, by their link. */
const AUDIO_LIFE_SECONDS = 600

export type AnswerOptions = {
  turnId: string
  /** That answers. */
  model: string
  /** By our name; null where the answer is text. */
  format: string | null
  includesUsage: boolean
  /** Only the first call counts. */
  oneCall: boolean
}

type Finish = 'stop' | 'length' | 'tool_calls'

/** The whole answer. */
export async function completionOf(
  events: AsyncIterable<ChatEvent>,
  options: AnswerOptions,
  signal: AbortSignal,
): Promise<object> {
  let text = ''
  const toolCalls: object[] = []
  const sound: SpokenAudio[] = []
  let record: TurnRecord | null = null
  for await (const event of events) {
    if (event.type === 'text') text += event.text
    else if (event.type === 'whole') text = event.text
    else if (event.type === 'calls') {
      for (const call of event.calls)
        if (isTaken(options, toolCalls.length)) toolCalls.push(asOpenAiHasIt(call))
    } else if (event.type === 'audio') sound.push(event.audio)
    else record = event.record
  }
  const audio =
    options.format === null || toolCalls.length > 0 ? null : await spokenIn(options.format, sound, signal)
  const message = {
    role: 'assistant',
    content: audio !== null || (toolCalls.length > 0 && text === '') ? null : text,
    refusal: null,
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    ...(audio === null
      ? {}
      : { audio: { id: options.turnId, data: audio, expires_at: expiry(), transcript: text } }),
  }
  return {
    ...head(options, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(record, toolCalls.length) }],
    usage: usageOf(record),
  }
}

/** The same as it comes. */
export async function* chunksOf(
  events: AsyncIterable<ChatEvent>,
  options: AnswerOptions,
): AsyncGenerator<object, void, undefined> {
  const base = {
    ...head(options, 'chat.completion.chunk'),
    ...(options.includesUsage ? { usage: null } : {}),
  }
  const chunk = (delta: object, finish: Finish | null = null) => ({
    ...base,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })
  const isSpoken = options.format !== null
  let isFirst = true
  let calls = 0
  const sound = createSound()
  for await (const event of events) {
    if (isFirst) {
      const audio = isSpoken ? { audio: { id: options.turnId, transcript: '' } } : { content: '' }
      yield chunk({ role: 'assistant', ...audio })
    }
    isFirst = false
    if (event.type === 'text') {
      yield chunk(isSpoken ? { audio: { transcript: event.text } } : { content: event.text })
    } else if (event.type === 'audio') {
      const data = sound.push(event.audio)
      if (data !== null) yield chunk({ audio: { data } })
    } else if (event.type === 'calls') {
      for (const call of event.calls)
        if (isTaken(options, calls)) yield chunk({ tool_calls: [{ index: calls++, ...asOpenAiHasIt(call) }] })
    } else if (event.type === 'done') {
      const data = sound.end()
      if (data !== null) yield chunk({ audio: { data } })
      if (isSpoken) yield chunk({ audio: { expires_at: expiry() } })
      yield chunk({}, finishOf(event.record, calls))
      if (options.includesUsage) yield { ...base, choices: [], usage: usageOf(event.record) }
    }
  }
}

/** Raw PCM as base64, piece by piece; null where nothing is whole yet. */
function createSound() {
  let resampler: ReturnType<typeof createPcmResampler> | null = null
  const base64 = (samples: Int16Array) => (samples.length === 0 ? null : toBytes(samples).toString('base64'))
  return {
    push({ samples, sampleRate }: SpokenAudio): string | null {
      resampler ??= createPcmResampler(sampleRate, ENCODED_RATE)
      return base64(resampler.push(samples))
    },
    end: (): string | null => resampler && base64(resampler.end()),
  }
}

async function spokenIn(format: string, sound: readonly SpokenAudio[], signal: AbortSignal): Promise<string> {
  const samples = atEncodedRate(
    (async function* () {
      yield* sound
    })(),
    1,
    signal,
  )
  const parts = await Array.fromAsync(formatOf(format, 'audio.format').encode(samples, signal))
  return Buffer.concat(parts).toString('base64')
}

const head = ({ turnId, model }: AnswerOptions, object: string) => ({
  ...{ id: `chatcmpl-${turnId}`, object, created: Math.floor(Date.now() / 1000), model },
})

/** @param before calls that were taken already */
const isTaken = ({ oneCall }: AnswerOptions, before: number) => !oneCall || before === 0

const asOpenAiHasIt = ({ name, arguments: given }: ToolCall) => ({
  ...{ id: `call_${randomUUID().replaceAll('-', '')}`, type: 'function' },
  function: { name, arguments: JSON.stringify(given) },
})

function finishOf(record: TurnRecord | null, calls: number): Finish {
  if (calls > 0) return 'tool_calls'
  return record?.llm.doneReason === 'length' ? 'length' : 'stop'
}

function usageOf(record: TurnRecord | null) {
  const { promptTokens, outputTokens, cachedPromptTokens } = record?.llm ?? {}
  const [prompt_tokens, completion_tokens] = [promptTokens ?? 0, outputTokens ?? 0]
  return {
    ...{ prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
    ...(cachedPromptTokens == null ? {} : { prompt_tokens_details: { cached_tokens: cachedPromptTokens } }),
  }
}

const expiry = () => Math.floor(Date.now() / 1000) + AUDIO_LIFE_SECONDS
