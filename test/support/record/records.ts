import { v7 } from 'uuid'
import type { Outcome, TurnRecord, TurnText } from '../../../server/protocol/record.ts'

/** Realistic turn records that are the same in every run: the same seed gives the same rows. */

const speechLevels = ['f16', 'q8_0', 'q5_1', 'q4_0'] as const
const llmLevels = ['fp16', 'q8_0', 'q4_K_M'] as const
/** Milliseconds of inference for a short question, by level; a shape to test with, no measurement. */
const speechMs: Readonly<Record<string, number>> = { f16: 460, q8_0: 350, q5_1: 400, q4_0: 220 }
const tokensPerSecond: Readonly<Record<string, number>> = { fp16: 80, q8_0: 124, q4_K_M: 106 }

export type MadeTurn = { record: TurnRecord; text: TurnText }

/** A linear congruential generator with the constants of Numerical Recipes (3rd ed., section 7.1); 0 to below 1. */
export function randomFrom(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** The i-th turn of a day of talk, one a minute from 2026-11-01T00:00Z on. */
export function makeTurn(
  i: number,
  change: Partial<TurnRecord> = {},
  text: Partial<TurnText> = {},
): MadeTurn {
  const random = randomFrom(i + 1)
  const around = (center: number) => Math.round(center * (0.8 + 0.5 * random()) * 100) / 100
  const startedAtMs = Date.UTC(2026, 10, 1) + i * 60_000
  const speechLevel = speechLevels[i % speechLevels.length] ?? 'q8_0'
  const llmLevel = llmLevels[i % llmLevels.length] ?? 'q8_0'
  const outcome: Outcome =
    i % 50 === 49 ? 'failed' : i % 25 === 24 ? 'no-speech' : i % 10 === 9 ? 'interrupted' : 'completed'
  const answered = outcome === 'completed' || outcome === 'interrupted'
  const when = <T>(condition: boolean, value: T) => (condition ? value : null)

  const audioMs = Math.round(1_500 + 6_000 * random())
  const inferenceMs = around(speechMs[speechLevel] ?? 300)
  const outputTokens = 20 + Math.floor(60 * random())
  const rate = around(tokensPerSecond[llmLevel] ?? 100)
  const evalMs = (outputTokens / rate) * 1_000
  const timeToFirstTokenMs = around(70)
  const transcriptMs = inferenceMs + 4
  const llmQueueMs = around(0.2)
  const firstTokenMs = transcriptMs + llmQueueMs + timeToFirstTokenMs
  const firstClauseMs = firstTokenMs + around(90)

  const record: TurnRecord = {
    turnId: v7({ msecs: startedAtMs, seq: i, random: Uint8Array.from({ length: 16 }, () => random() * 256) }),
    sessionId: null,
    conversationId: `conversation-${Math.floor(i / 20)}`,
    startedAt: new Date(startedAtMs).toISOString(),
    source: i % 7 === 6 ? 'socket' : 'rest',
    appVersion: '0.1.0',
    outcome,
    errorCode: when(outcome === 'failed', 'engine_timeout'),
    fromSpeechEnd: {
      turnDecidedMs: null,
      commitMs: null,
      transcriptMs: when(outcome !== 'failed', transcriptMs),
      firstTokenMs: when(answered, firstTokenMs),
      firstClauseMs: when(answered, firstClauseMs),
      firstAudioMs: when(answered, firstClauseMs + around(40)),
      playbackStartedMs: null,
      replyDoneMs: when(answered, firstTokenMs + evalMs),
    },
    speech: {
      model: `whisper-tiny.en-${speechLevel}`,
      digest: speechLevel.padEnd(64, '0'),
      quantization: speechLevel,
      audioMs,
      speechMs: Math.round(audioMs * 0.8),
      queueMs: around(0.4),
      inferenceMs: when(outcome !== 'failed', inferenceMs),
      realTimeFactor: when(outcome !== 'failed', inferenceMs / audioMs),
      audioContext: 768,
      passes: 1,
      earlyDecode: null,
      cold: i % 40 === 0,
      engine: 'whisper.cpp 1.9.1 (own process)',
    },
    llm: {
      model: when(answered, `smollm2:135m-instruct-${llmLevel}`),
      digest: when(answered, llmLevel.padEnd(64, '0')),
      quantization: when(answered, llmLevel.toUpperCase()),
      parameterSize: when(answered, '134.52M'),
      queueMs: when(answered, llmQueueMs),
      timeToFirstTokenMs: when(answered, timeToFirstTokenMs),
      loadMs: when(answered, i % 40 === 0 ? 412 : 12),
      promptTokens: when(answered, 60 + (i % 30)),
      cachedPromptTokens: null,
      promptEvalMs: when(answered, around(45)),
      outputTokens: when(answered, outputTokens),
      evalMs: when(answered, evalMs),
      tokensPerSecond: when(answered, rate),
      timePerOutputTokenMs: when(answered, evalMs / outputTokens),
      thinkingMs: null,
      residualMs: when(answered, around(6)),
      doneReason: when(answered, 'stop'),
      cold: when(answered, i % 40 === 0),
      host: when(answered, 'http://127.0.0.1:11434'),
    },
    synthesis: {
      voice: answered ? 'flite:slt' : null,
      digest: answered ? 'd'.repeat(64) : null,
      quantization: null,
      timeToFirstAudioMs: when(answered, around(40)),
      inferenceMs: when(answered, around(120)),
      audioMs: when(answered, around(4_000)),
      realTimeFactor: when(answered, 0.03),
    },
    memory: {
      speechResidentBytes: 115_000_000 + i * 1_000,
      llmResidentBytes: when(answered, 240_000_000),
      llmGpuShare: when(answered, 0),
      llmMemorySource: when(answered, 'process'),
    },
    speculation: null,
  }
  const spoken: TurnText = {
    transcript: when(outcome !== 'failed', outcome === 'no-speech' ? '' : `What is ${i} plus ${i % 9}?`),
    reply: when(answered, `The answer is ${i + (i % 9)}, if I am not mistaken.`),
    heardText: null,
  }
  return { record: { ...record, ...change }, text: { ...spoken, ...text } }
}

/** The first `count` turns, oldest first. */
export const makeTurns = (count: number): MadeTurn[] => Array.from({ length: count }, (_, i) => makeTurn(i))
