import type { Clip } from '../../../server/lab/input.ts'
import { defaultMargins } from '../../../server/lab/judging/margins.ts'
import type { LlmArm, Observation, Plan, SpeechArm } from '../../../server/lab/observations.ts'
import { questions } from '../../../server/lab/questions/questions.ts'
import { observeLlm } from './llmObservations.ts'
import { observePairs } from './pairObservations.ts'
import { observeSpeech } from './speechObservations.ts'
import { observeVoices } from './voiceObservations.ts'

/**
 * The observations of a run that nobody made, the same every time. Effects are known by construction, so that a test
 * can say what a verdict must be; the figures have the shape of real ones and mean nothing.
 */

export const tiny = 'whisper-tiny.en'
export const base = 'whisper-base'
export const smol = 'smollm2:135m-instruct'

const sentences = [
  "What's the weather like?",
  'Set a timer for ten minutes, please.',
  'How do you say grapefruit in French?',
  'Give me a medium roast latte with brown sugar.',
  'Good morning, Steve. Have you heard about the new conversation transcription capability?',
  'Turn on the light in the living room and close the blinds.',
  'And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country.',
  'It was the best of times, it was the worst of times.',
  'Mister Quilter is the apostle of the middle classes, and we are glad to welcome his gospel.',
  'Please call Stella. Ask her to bring these things with her from the store.',
  'Remind me to water the plants tomorrow at seven.',
  'Which train leaves for the city after half past nine?',
]

export const clips: readonly Clip[] = [
  ...sentences.map((text, i) => ({
    id: `clip-${i + 1}.wav`,
    kind: 'speech' as const,
    text,
    audioMs: 600 + text.length * 62,
  })),
  { id: 'noise.wav', kind: 'nonspeech', text: '', audioMs: 6000 },
  { id: 'phone.wav', kind: 'nonspeech', text: '', audioMs: 4000 },
]

const speechArm = (family: string, level: string): SpeechArm => ({
  name: `${family}-${level}`,
  family,
  quantization: level,
  parameterSize: family === tiny ? '39M' : '74M',
  digest: level.padEnd(64, '0'),
  reference: level === 'f16' ? null : `${family}-f16`,
})

const llmArm = (level: string): LlmArm => ({
  name: `${smol}-${level}`,
  family: smol,
  quantization: level.toUpperCase(),
  parameterSize: '134.52M',
  digest: level.padEnd(64, '0'),
  reference: level === 'fp16' ? null : `${smol}-fp16`,
  madeFrom: level === 'fp16' ? `${smol}-q4_1` : null,
})

export const plan: Plan = {
  kind: 'plan',
  id: '019ab000-0000-7000-8000-000000000001',
  startedAt: '2026-11-25T09:00:00.000Z',
  request: { speechModels: [tiny, base], llmModels: [smol], rounds: 3, budgetSeconds: 480 },
  environment: {
    appVersion: '0.1.0',
    nodeVersion: 'v24.21.0',
    platform: 'linux x64',
    cpu: 'A processor that nobody makes',
    cpuFeatures: ['avx2', 'avx512_vnni'],
    cores: 2,
    threads: { speech: 2, llm: 2 },
    memoryBytes: 8_000_000_000,
    gpu: null,
    energySource: null,
    engines: [
      { name: 'whisper-server', version: '1.9.1', where: 'local process' },
      { name: 'ollama', version: '0.17.4', where: 'local process' },
    ],
    settings: { temperature: 0, seed: 1, numCtx: 4096, numPredict: 64 },
  },
  margins: defaultMargins,
  audio: "the project's own clips",
  clips: [...clips],
  questions: [...questions],
  speech: [
    ...['f16', 'q8_0', 'q5_1', 'q4_0'].map(level => speechArm(tiny, level)),
    ...['f16', 'q4_0'].map(level => speechArm(base, level)),
  ],
  llm: ['fp16', 'q8_0', 'q4_K_M', 'q4_1'].map(llmArm),
  reference: { speech: `${tiny}-f16`, llm: `${smol}-fp16` },
}

/** How a made run differs from the usual one. */
export type Change = {
  plan?: Partial<Plan>
  rounds?: number
  /** Share of checked questions that the reference gets right. */
  referenceRight?: number
  /** Kinds that are left out. */
  without?: Observation['kind'][]
  /** Added before the end. */
  further?: Observation[]
  ended?: boolean
}

export function labRun(change: Change = {}): Observation[] {
  const own: Plan = { ...plan, ...change.plan }
  const rounds = change.rounds ?? 3
  const made = [
    ...observeSpeech(own, rounds),
    ...observeLlm(own, rounds, change.referenceRight ?? 0.6),
    ...observeVoices(own, rounds),
    ...observePairs(own, rounds),
    { kind: 'cut', what: 'round 4 of the speech levels' } as const,
    ...(change.further ?? []),
  ].filter(({ kind }) => !change.without?.includes(kind))
  const end = { kind: 'ended', at: '2026-11-25T09:08:00.000Z', state: 'done', elapsedMs: 480_000 } as const
  return [own, ...made, ...(change.ended === false ? [] : [end])]
}

export const asLines = (observations: readonly Observation[]) =>
  observations.map(observation => JSON.stringify(observation))
