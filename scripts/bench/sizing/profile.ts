import type { LanguageRates } from './languageHost.ts'

export type Draw = (random: () => number) => number

/** What one turn is and what it costs. Milliseconds and tokens unless a name says otherwise. */
export type Profile = {
  speechMs: Draw
  replyTokens: Draw
  /** From the end of a reply to the next word. */
  pauseMs: Draw
  /** Of replies, broken off by speech. */
  interruptedShare: number
  /** Of a conversation, before another one begins. */
  turns: number
  systemPromptTokens: number
  questionTokens: number
  /** Speech end to the decision that the turn is over; the final decoding begins at the first pause, before it. */
  decidedMs: number
  earlyDecodeMs: number
  /** A decoding takes this and that much of the speech. */
  decodeMs: { fixed: number; perSpeech: number }
  /** Between two partial decodings of an utterance, at least. */
  partialEveryMs: number
  /** Of the reply, before its first clause can be spoken. */
  clauseTokens: number
  /** Processor time of the first clause's speech, on the replica. */
  synthesisMs: number
  tokensPerSpokenSecond: number
  /** Of one core of a voice replica. */
  sessionShare: number
  language: LanguageRates
  /** NUM_PARALLEL of a host. */
  slots: number
  rowBytes: number
}

/** A figure and where it is from. */
export type Told = { name: string; value: string; from: string }

export const fixed =
  (value: number): Draw =>
  () =>
    value

/** With this mean. */
export const exponential =
  (mean: number): Draw =>
  random =>
    -mean * Math.log(1 - random())

/** Erlang of order 4, half as wide as an exponential. */
export const rounded =
  (mean: number): Draw =>
  random => {
    let sum = 0
    for (let i = 0; i < 4; i++) sum += exponential(mean / 4)(random)
    return sum
  }

/** One of what was seen. */
export const seen =
  (values: readonly number[]): Draw =>
  random =>
    values[Math.floor(random() * values.length)] ?? 0

/**
 * What is assumed where the record says nothing: a GPU host of which one reply alone comes at 100 tokens a second, eight at once; the rest
 * by measurements of docs/operations.md.
 */
export const assumed: Profile = {
  speechMs: rounded(3000),
  replyTokens: rounded(50),
  pauseMs: exponential(3000),
  interruptedShare: 0.15,
  turns: 12,
  systemPromptTokens: 120,
  questionTokens: 25,
  decidedMs: 300,
  earlyDecodeMs: 100,
  decodeMs: { fixed: 40, perSpeech: 0.027 },
  partialEveryMs: 500,
  clauseTokens: 10,
  synthesisMs: 40,
  tokensPerSpokenSecond: 3.4,
  sessionShare: 0.025,
  language: { promptTokensPerSecond: 4000, tokensPerSecond: 100, batchGain: 0.7 },
  slots: 8,
  rowBytes: 2200,
}

const ASSUMED = 'assumed'
export const toldOfAssumed: readonly Told[] = [
  { name: 'speech', value: '3.0 s', from: ASSUMED },
  { name: 'reply', value: '50 tokens', from: ASSUMED },
  { name: 'pause after a reply', value: '3.0 s', from: ASSUMED },
  { name: 'interrupted', value: '15 %', from: ASSUMED },
  { name: 'conversation', value: '12 turns', from: ASSUMED },
  { name: 'system prompt, question', value: '120, 25 tokens', from: ASSUMED },
  { name: 'turn decided', value: '300 ms', from: ASSUMED },
  { name: 'decoding', value: '40 ms + 2.7 % of the speech', from: ASSUMED },
  { name: 'partial decoding', value: 'every 500 ms', from: ASSUMED },
  { name: 'first clause', value: '10 tokens, 40 ms of a core to speak it', from: ASSUMED },
  { name: 'a session', value: '2.5 % of a core', from: ASSUMED },
  { name: 'prompt', value: '4000 tokens/s', from: ASSUMED },
  { name: 'reply, alone', value: '100 tokens/s', from: ASSUMED },
  { name: 'replies at once', value: 'n at n^0.7 times the rate of one', from: ASSUMED },
  { name: 'row', value: '2.2 kB', from: ASSUMED },
]
