import type { Figure, Verdict } from '../../../server/protocol/comparisonFigures.ts'
import type {
  ComparedVoice,
  ComparisonResult,
  LlmTag,
  Pair,
  SpeechLevel,
} from '../../../server/protocol/comparisonResult.ts'

/** A report as the lab writes it, for tests of what shows it: shapes to look at, no measurement. */

export function figure(value: number | null, unit: string, change: Partial<Figure> = {}): Figure {
  return {
    ...{ value, unit, n: value === null ? 0 : 44, interval: null, p90: null, p95: null },
    ...{ ratioToReference: null, ratioInterval: null, differenceToReference: null, differenceInterval: null },
    ...{ byItem: null, verdict: 'not-tested' },
    ...change,
  }
}

const around = (value: number): Partial<Figure> => ({ interval: [value * 0.94, value * 1.07] })
const ratio = (ratioToReference: number, verdict: Verdict): Partial<Figure> => ({ ratioToReference, verdict })

function speechLevel(quantization: string, megabytes: number, ms: number, errors: number): SpeechLevel {
  const isReference = quantization === 'f16'
  const compared = (value: number, reference: number): Partial<Figure> =>
    isReference
      ? {}
      : ratio(
          value / reference,
          value < reference * 0.95 ? 'better' : value > reference * 1.05 ? 'worse' : 'no-difference-shown',
        )
  return {
    name: `whisper-tiny.en-${quantization}`,
    family: 'whisper-tiny.en',
    ...{ quantization, parameterSize: '39M', digest: null, failures: quantization === 'q4_0' ? 1 : 0 },
    reference: isReference ? null : 'whisper-tiny.en-f16',
    madeFrom: null,
    figures: {
      fileBytes: figure(megabytes * 1e6, 'bytes', { n: 1, ...compared(megabytes, 77.7) }),
      bitsPerWeight: figure((megabytes / 77.7) * 16, 'bits', { n: 1 }),
      loadMs: figure(megabytes * 1.5, 'ms', { n: 3 }),
      residentBytes: figure((megabytes + 70) * 1e6, 'bytes', { n: 3, ...compared(megabytes + 70, 147.7) }),
      inferenceMs: figure(ms, 'ms', { ...around(ms), ...compared(ms, 459) }),
      realTimeFactor: figure(ms / 3000, '× audio', around(ms / 3000)),
      wordErrorRate: figure(errors, '%', {
        ...around(errors),
        ...(isReference
          ? {}
          : { differenceToReference: errors - 6.85, verdict: errors > 9 ? 'worse' : 'no-difference-shown' }),
      }),
      characterErrorRate: figure(errors / 2, '%'),
      wordErrorRateToReference: figure(isReference ? null : Math.abs(errors - 5), '%'),
      notWorseShare: figure(isReference ? null : 95, '%'),
      inventedWords: figure(9, 'words', { n: 6 }),
      repeatedDecodingShare: figure(0, '%'),
      cpuSecondsPerAudioSecond: figure(ms / 1500, 's/s'),
      joulesPerTurn: figure(null, 'J'),
    },
    realTimeFactorByLength: [],
    worstClips: [
      {
        clip: 'order-1e0e6369.wav',
        reference: 'I would like to order a large pizza.',
        transcript: 'I would like to border large pizza.',
        ...{ wordErrors: 2, words: 8 },
        diff: [
          { operation: 'equal', reference: 'i would like to', transcript: 'i would like to' },
          { operation: 'substitute', reference: 'order', transcript: 'border' },
          { operation: 'delete', reference: 'a', transcript: '' },
          { operation: 'equal', reference: 'large pizza', transcript: 'large pizza' },
        ],
      },
    ],
  }
}

function llmTag(level: string, megabytes: number, rate: number, right: number): LlmTag {
  const isReference = level === 'fp16'
  const firstTokenMs = 60 + megabytes / 10
  return {
    name: `smollm2:135m-instruct-${level}`,
    family: 'smollm2:135m-instruct',
    ...{
      quantization: level.toUpperCase(),
      parameterSize: '134.52M',
      digest: null,
      failures: 0,
      tensorTypes: [],
    },
    reference: isReference ? null : 'smollm2:135m-instruct-fp16',
    referenceSource: level === 'q4_1',
    figures: {
      fileBytes: figure(megabytes * 1e6, 'bytes', { n: 1 }),
      bitsPerWeight: figure((megabytes / 271) * 16, 'bits', { n: 1 }),
      loadMs: figure(410, 'ms', { n: 3 }),
      residentBytes: figure((megabytes + 130) * 1e6, 'bytes', { n: 3 }),
      gpuShare: figure(0, '%'),
      promptTokensPerSecond: figure(900, 'tokens/s', around(900)),
      tokensPerSecond: figure(rate, 'tokens/s', {
        ...around(rate),
        ...(isReference ? {} : ratio(rate / 80, 'better')),
      }),
      firstTokenMs: figure(firstTokenMs, 'ms', {
        ...around(firstTokenMs),
        ...(isReference ? {} : ratio(firstTokenMs / 87.1, 'better')),
      }),
      firstClauseMs: figure(firstTokenMs + 90, 'ms'),
      timePerOutputTokenMs: figure(1000 / rate, 'ms'),
      outputTokens: figure(38, 'tokens'),
      exactMatchShare: figure(isReference ? null : 41, '%'),
      firstDivergingToken: figure(isReference ? null : 12, 'tokens'),
      tokenAgreement: figure(isReference ? null : 95.2, '%'),
      klTop20: figure(isReference ? null : 0.012, 'nats'),
      checkedRight: figure(
        right,
        '%',
        isReference ? {} : { differenceToReference: right - 44, verdict: 'no-difference-shown' },
      ),
      cpuSecondsPerAnswer: figure(0.9, 's'),
      joulesPerTurn: figure(null, 'J'),
    },
    flips: null,
    divergences: isReference
      ? []
      : [
          {
            question: 'What is the capital of France?',
            reference: 'The capital of France is Paris.',
            answer: 'Paris is the capital.',
          },
        ],
  }
}

function comparedVoice(name: string, megabytes: number, ms: number, errors: number): ComparedVoice {
  const isReference = name === 'hibari:heart'
  return {
    ...{ name, engine: name.slice(0, name.indexOf(':')), quantization: isReference ? 'int8' : null },
    ...{ parameterSize: null, digest: null, failures: 0, reference: isReference ? null : 'hibari:heart' },
    figures: {
      fileBytes: figure(megabytes * 1e6, 'bytes', { n: 1 }),
      loadMs: figure(700, 'ms', { n: 4 }),
      residentBytes: figure((megabytes + 120) * 1e6, 'bytes', { n: 4 }),
      firstAudioMs: figure(ms, 'ms', around(ms)),
      firstSoundMs: figure(ms + 40, 'ms', around(ms + 40)),
      realTimeFactor: figure(0.02, '× audio'),
      wordErrorRate: figure(errors, '%', {
        ...around(errors),
        ...(isReference ? {} : { differenceToReference: errors - 3.1, verdict: 'worse' }),
      }),
      characterErrorRate: figure(errors / 2, '%'),
      notWorseShare: figure(isReference ? null : 80, '%'),
    },
    worstTexts: [],
  }
}

function pair(speech: string, llm: string, firstAudioMs: number): Pair {
  const ms = (value: number | null) => figure(value, 'ms', value === null ? {} : around(value))
  return {
    name: `${speech} + ${llm} + hibari:heart`,
    ...{ speech, llm, voice: 'hibari:heart', reference: null, turns: 16, failures: 0 },
    figures: {
      residentBytes: figure(350e6, 'bytes'),
      turnDecidedMs: ms(540),
      commitMs: ms(null),
      transcriptMs: ms(firstAudioMs - 190),
      firstTokenMs: ms(firstAudioMs - 120),
      firstClauseMs: ms(firstAudioMs - 40),
      firstAudioMs: ms(firstAudioMs),
      playbackStartedMs: ms(null),
      replyDoneMs: ms(firstAudioMs + 400),
      changedTranscriptShare: figure(6, '%'),
      changedAnswerShare: figure(3, '%'),
      cpuSecondsPerTurn: figure(1.4, 's'),
      joulesPerTurn: figure(null, 'J'),
    },
  }
}

export function makeComparisonResult(id: string): ComparisonResult {
  const speech = [
    speechLevel('f16', 77.7, 459, 6.85),
    speechLevel('q8_0', 43.6, 350, 6.36),
    speechLevel('q5_1', 32.2, 400, 6.5),
    speechLevel('q4_0', 25.3, 221, 10.28),
  ]
  const llm = [
    llmTag('fp16', 271, 80, 44),
    llmTag('q8_0', 145, 124, 44),
    llmTag('q4_K_M', 105, 106, 41),
    llmTag('q4_1', 98, 115, 42),
  ]
  const voices = [comparedVoice('hibari:heart', 14, 26, 3.1), comparedVoice('flite:slt', 21.5, 60, 10.5)]
  const q8 = 'whisper-tiny.en-q8_0'
  return {
    id,
    ...{ state: 'done', startedAt: '2026-11-25T09:00:00.000Z', finishedAt: '2026-11-25T09:07:40.000Z' },
    request: {
      speechModels: ['whisper-tiny.en'],
      llmModels: ['smollm2:135m-instruct'],
      pairs: true,
      audio: 'builtin',
      budgetSeconds: 480,
    },
    environment: {
      ...{
        appVersion: '0.1.0',
        nodeVersion: 'v24.21.0',
        platform: 'linux x64',
        cpu: 'A processor',
        cpuFeatures: ['avx2', 'avx512f'],
      },
      ...{ cores: 2, threads: { speech: 2, llm: 2 }, memoryBytes: 8e9, gpu: null, energySource: null },
      engines: [{ name: 'ollama', version: '0.17.4', where: 'http://127.0.0.1:11434' }],
      settings: { temperature: 0, seed: 1, numCtx: 4096 },
    },
    input: {
      ...{
        audio: "the project's own clips",
        speechClips: 44,
        nonspeechClips: 6,
        referenceWords: 613,
        questions: 40,
        checkedQuestions: 27,
        texts: 32,
        ear: 'moonshine-base.en-int8',
      },
      rounds: { speech: 3, llm: 2, voices: 2, pairs: 2 },
    },
    margins: {},
    reference: { speech: 'whisper-tiny.en-f16', llm: 'smollm2:135m-instruct-fp16', voice: 'hibari:heart' },
    ...{ speech, llm, voices },
    pairs: [
      pair(q8, 'smollm2:135m-instruct-q8_0', 640),
      pair('whisper-tiny.en-q4_0', 'smollm2:135m-instruct-q4_K_M', 520),
    ],
    noiseArm: {
      ...{ speech: speechLevel('q8_0', 43.6, 350, 6.36), llm: null, voice: null, pair: null, tested: 22 },
      falseVerdicts: [{ arm: 'speech', figure: 'loadMs', verdict: 'better' }],
    },
    pareto: {
      speech: {
        axes: [
          { figure: 'wordErrorRate', label: 'word errors', unit: '%', better: 'lower' },
          { figure: 'inferenceMs', label: 'decoding a clip', unit: 'ms', better: 'lower' },
          { figure: 'residentBytes', label: 'memory', unit: 'bytes', better: 'lower' },
        ],
        points: speech.map(({ name, figures }) => ({
          name,
          values: [
            figures.wordErrorRate.value ?? 0,
            figures.inferenceMs.value ?? 0,
            figures.residentBytes.value ?? 0,
          ],
          dominated: name.endsWith('f16'),
          dominatedBy: name.endsWith('f16') ? [q8] : [],
        })),
      },
      llm: { axes: [], points: [] },
      voices: { axes: [], points: [] },
      pairs: { axes: [], points: [] },
    },
    recommendation: {
      ...{ speech: q8, llm: 'smollm2:135m-instruct-q8_0', voice: 'hibari:heart' },
      reasons: [
        'q8_0 hears as well as f16 and is a quarter faster.',
        'q8_0 answers as well as fp16, at 1.55 times its speed.',
      ],
      sentence:
        'On this machine use whisper-tiny.en-q8_0 for speech and smollm2:135m-instruct-q8_0 for answers: as accurate as f16, first token 31 % sooner, 160 MB less memory.',
    },
    warnings: ['The fp16 weights were made from q4_1: they are only as good as those.'],
    disturbed: { observations: 3, of: 800 },
    notMeasured: [{ what: 'energy', why: 'this machine has no meter that can be read' }],
    cutByBudget: ['the third round of answers'],
    failures: [{ what: 'whisper-tiny.en-q4_0 on jfk-inaugural.wav', why: 'the engine ended' }],
  }
}
