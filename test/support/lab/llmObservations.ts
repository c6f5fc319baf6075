import type { Question } from '../../../server/lab/input.ts'
import type { LlmAnswer, LlmLoad, LlmPosition, Observation, Plan } from '../../../server/lab/observations.ts'
import { at, drawn, jitter } from './made.ts'

type Shape = {
  rate: number
  promptRate: number
  fileMB: number
  bits: number
  /** How far its next-token distributions lie from those of the reference. */
  drift: number
  /** Share of the reference's right answers that it loses. */
  lost: number
  types: LlmTypes
}
type LlmTypes = { type: string; tensors: number; weights: number }[]

/** By construction: q8_0 is faster and all but the same, q4_K_M fastest and different. */
const shapes: Readonly<Record<string, Shape>> = {
  fp16: {
    rate: 80,
    promptRate: 900,
    fileMB: 271,
    bits: 16,
    drift: 0,
    lost: 0,
    types: [{ type: 'F16', tensors: 211, weights: 134_480_000 }],
  },
  q8_0: {
    rate: 124,
    promptRate: 1200,
    fileMB: 145,
    bits: 8.5,
    drift: 0.02,
    lost: 0,
    types: [{ type: 'Q8_0', tensors: 211, weights: 134_480_000 }],
  },
  q4_K_M: {
    rate: 130,
    promptRate: 700,
    fileMB: 105,
    bits: 6.2,
    drift: 0.6,
    lost: 0.35,
    types: [
      { type: 'Q4_K', tensors: 30, weights: 26_500_000 },
      { type: 'Q5_0', tensors: 90, weights: 60_000_000 },
      { type: 'Q8_0', tensors: 91, weights: 47_980_000 },
    ],
  },
  q4_1: {
    rate: 115,
    promptRate: 1000,
    fileMB: 98,
    bits: 5.8,
    drift: 0.01,
    lost: 0,
    types: [{ type: 'Q4_1', tensors: 211, weights: 134_480_000 }],
  },
}
const unknown: Shape = { rate: 100, promptRate: 900, fileMB: 120, bits: 7, drift: 0.1, lost: 0.1, types: [] }
const tokens = [' the', ' a', ' of', ' blue', ' light', ' it']

export function observeLlm(
  { llm, questions, reference }: Plan,
  rounds: number,
  right: number,
): Observation[] {
  const arms = [
    ...llm.map(({ name }) => ({ arm: name, noise: false })),
    ...(reference.llm === null ? [] : [{ arm: reference.llm, noise: true }]),
  ]
  return Array.from({ length: rounds }, (_, round) =>
    arms.flatMap(({ arm, noise }): Observation[] => {
      const shape = shapes[arm.split('-').at(-1) ?? ''] ?? unknown
      const made = { at, noise, disturbed: false, arm, round }
      const some = (size: number, ...words: (string | number)[]) =>
        jitter(size, arm, noise ? 1 : 0, round, ...words)
      return [
        ...questions.flatMap((question, i): Observation[] => {
          const block = (round * questions.length) / 5 + Math.floor(i / 5)
          const load: Observation[] = i % 5 === 0 ? [loadOf(made, shape, block)] : []
          // Spread evenly over the questions, so that the share is met whatever it is.
          const isRight = (i * 0.618) % 1 < right && !((i * 0.7549) % 1 < shape.lost)
          const text = answerTo(question, isRight) + (drawn(question.id) < shape.drift ? ' Indeed.' : '')
          const pieces = text.split(/(?= )/)
          const outputTokens = 20 + (question.text.length % 30)
          const evalMs = (outputTokens / shape.rate) * 1000 * some(0.03, question.id)
          const promptEvalMs = (90 / shape.promptRate) * 1000 * some(0.03, question.id, 'prompt')
          const answer: LlmAnswer = {
            kind: 'llm-answer',
            ...made,
            ...{ block, question: question.id },
            text,
            pieces,
            timeToFirstTokenMs: promptEvalMs + 14,
            totalMs: promptEvalMs + evalMs + 20,
            loadMs: 12,
            promptTokens: 90,
            cachedPromptTokens: null,
            promptEvalMs,
            uniqueStart: true,
            outputTokens,
            evalMs,
            doneReason: 'stop',
            cpuSeconds: ((promptEvalMs + evalMs) / 1000) * 1.9,
          }
          return [...load, answer]
        }),
        ...(round > 0
          ? []
          : questions.flatMap(({ id }) =>
              [0, 3, 6].map(position => nextToken(made, id, position, shape.drift)),
            )),
      ]
    }),
  ).flat()
}

function loadOf(
  made: Pick<LlmLoad, 'at' | 'noise' | 'disturbed' | 'arm'>,
  { fileMB, bits, types }: Shape,
  round: number,
): LlmLoad {
  const some = (size: number, what: string) => jitter(size, made.arm, made.noise ? 1 : 0, round, what)
  return {
    kind: 'llm-load',
    ...made,
    round,
    loadMs: 400 * some(0.1, 'load'),
    residentBytes: Math.round((fileMB + 40) * 1e6 * some(0.003, 'memory')),
    gpuShare: 0,
    fileBytes: fileMB * 1e6,
    bitsPerWeight: bits,
    tensorTypes: types,
  }
}

function nextToken(
  made: Pick<LlmPosition, 'at' | 'noise' | 'disturbed' | 'arm' | 'round'>,
  question: string,
  position: number,
  drift: number,
): LlmPosition {
  const scores = tokens.map(
    token =>
      4 * drawn(question, position, token) + drift * 4 * (drawn(question, position, token, made.arm) - 0.5),
  )
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0) * 1.05
  const top = tokens
    .map((token, i) => ({ token, logprob: Math.log(Math.exp(scores[i] ?? 0) / total) }))
    .sort((a, b) => b.logprob - a.logprob)
  return { kind: 'llm-position', ...made, question, position, chosen: top[0]?.token ?? '', top }
}

/** A passing answer to a question, or one that does not pass. */
function answerTo({ check, text }: Question, right: boolean): string {
  if (check === null) return `That is a good question: ${text}`
  if (!right) return 'I am not sure about that.'
  switch (check.kind) {
    case 'anyOf':
      return `It is ${check.phrases[0]}.`
    case 'allOf':
      return `It is ${check.phrases.join(' and ')}.`
    case 'first':
      return `It is ${check.right[0]}.`
    case 'number':
      return `It is ${check.value}.`
  }
}
