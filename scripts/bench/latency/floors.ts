import { randomBytes } from 'node:crypto'
import { defaultSystemPrompt } from '../../../server/conversation/systemPrompt.ts'
import type { SpeechEngineLease } from '../../../server/engineLease.ts'
import type { Flite } from '../../../server/engines/flite/flite.ts'
import { usableCores, withheldTo } from '../../../server/engines/usableCores.ts'
import { respond } from '../../../server/llm/respond.ts'
import { requestWhisper } from '../../../server/recognition/whisper/whisperServer.ts'
import { needsTimestamps, windowFor } from '../../../server/recognition/whisper/window.ts'
import { createClauseSplitter } from '../../../server/voice/clauses.ts'
import { fliteVoice } from '../../../server/voice/flite/flite.ts'

/** The same audio straight into whisper-server, in the window that the server takes; request to answer, milliseconds. */
export async function speechFloor(
  { baseUrl }: Pick<SpeechEngineLease, 'baseUrl'>,
  samples: Int16Array,
  audioMs: number,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = performance.now()
  const request = {
    samples,
    audioContext: windowFor(audioMs),
    timestamps: needsTimestamps(audioMs),
    language: 'en',
    timeoutMs: 120_000,
  }
  await requestWhisper(baseUrl, request, signal)
  return performance.now() - startedAt
}

/**
 * A prompt of the same length straight into Ollama; request to first token, milliseconds. The question begins with a word that
 * was never seen, so that the prompt cache holds the system prompt and nothing else, as it does in a first turn.
 */
export async function languageFloor(
  ollamaUrl: string,
  model: string,
  numCtx: number,
  question: string,
  signal: AbortSignal,
): Promise<number> {
  const [first = '', ...rest] = question.split(' ')
  const unique = randomBytes(8).toString('hex').slice(0, Math.max(4, first.length))
  const messages = [
    { role: 'system' as const, content: defaultSystemPrompt },
    { role: 'user' as const, content: [unique, ...rest].join(' ') },
  ]
  const options = {
    model,
    numCtx,
    numThread: withheldTo(usableCores()),
    keepAlive: '30m',
    temperature: 0.6,
    seed: null,
  }
  const startedAt = performance.now()
  for await (const _part of respond(ollamaUrl, messages, options, signal)) break
  return performance.now() - startedAt
}

/**
 * The first clause of a reply straight into flite; flite's own time for it, milliseconds. Null where the reply has nothing to say.
 * @param voice of flite: flite:slt, flite:awb, ...
 */
export async function voiceFloor(
  { speak }: Pick<Flite, 'speak'>,
  voice: string,
  reply: string,
  signal: AbortSignal,
): Promise<number | null> {
  const splitter = createClauseSplitter()
  const [first] = [...splitter.push(reply), ...splitter.flush()]
  if (first === undefined) return null
  for await (const { inferenceMs } of fliteVoice(speak, voice).speak(first.text, signal))
    return inferenceMs ?? null
  return null
}
