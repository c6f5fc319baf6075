import { cpuSeconds } from '../../engines/cpuTime.ts'
import type { ModelProbe } from '../../llm/probe.ts'
import type { ChatMessage, ChatOptions } from '../../llm/respond.ts'
import type { Stages } from '../../session/stages.ts'
import type { Question } from '../input.ts'
import type { LlmAnswer, LlmArm, LlmLoad } from '../observations.ts'
import { blocksOf } from './blocks.ts'
import { type MeasuredArm, made, OWNER, type Phase, type Step, type When } from './step.ts'
import { typesOf } from './tensorTypes.ts'

/** Questions that a tag answers while it is loaded once: few, so that tags take turns often. */
const QUESTIONS_AT_ONCE = 5

export type AnswerBench = {
  arms: readonly LlmArm[]
  /** The tag that is measured once more. */
  noiseOf: string | null
  questions: readonly Question[]
  rounds: number
  /** Decides the order of the arms; that of the questions is the same in every run, so that two runs can be compared. */
  seed: number
  systemPrompt: string
  chat: Omit<ChatOptions, 'model'>
  stages: Pick<Stages, 'respond' | 'llmPlace' | 'languageModel' | 'memory'>
  probe: ModelProbe
  /** Ollama's processes, for their CPU time. */
  processes(): Promise<number[]>
}

/** Loading, and answers to all questions, of every tag; the tags take turns, in an order that changes. */
export function answerPhase(bench: AnswerBench, share: number): Phase {
  return {
    name: 'llm',
    what: 'answers to questions',
    share,
    units: async () => {
      const work = {
        ...{ side: 'llm' as const, items: 'questions', of: bench.questions, atOnce: QUESTIONS_AT_ONCE },
        load: (arm: MeasuredArm, block: number) => loadStep(bench, arm, block),
        measure: (arm: MeasuredArm, question: Question, when: When) => answerStep(bench, arm, question, when),
        unload: (arm: MeasuredArm) => unloadStep(bench, arm),
      }
      return blocksOf(work, bench)
    },
  }
}

/** Each load counts as a round of its own: that of its block. */
function loadStep(bench: AnswerBench, { name, noise }: MeasuredArm, round: number): Step {
  return {
    ...{ side: 'llm', arm: name, noise },
    what: `loading ${name}`,
    measure: async signal => [await load(bench, { name, noise }, round, signal)],
  }
}

/** Unloaded, then loaded; what Ollama read before is in the memory of the file system. */
async function load(
  { stages, probe, chat, systemPrompt }: AnswerBench,
  { name, noise }: MeasuredArm,
  round: number,
  signal: AbortSignal,
): Promise<LlmLoad> {
  const options = { ...chat, model: name }
  const model = await stages.languageModel(name, signal)
  const tensors = await probe.tensors(name, signal)
  const loadMs = await inPlace(stages, signal, async () => {
    await probe.unload(name, signal)
    const ms = await probe.load(options, signal)
    // The first request of a process pays for what later ones use.
    await untilFirstToken(stages.respond(warmUp(systemPrompt), options, signal))
    return ms
  })
  const { llmResidentBytes, llmGpuShare } = await stages.memory(null, model)
  return {
    kind: 'llm-load',
    ...made(noise),
    arm: name,
    round,
    loadMs,
    residentBytes: llmResidentBytes,
    gpuShare: llmGpuShare,
    fileBytes: model.sizeBytes,
    ...typesOf(tensors),
  }
}

function answerStep(bench: AnswerBench, { name, noise }: MeasuredArm, question: Question, when: When): Step {
  return {
    ...{ side: 'llm', arm: name, noise },
    what: `${name} answers "${question.text}"`,
    measure: async signal => [await answer(bench, { name, noise }, question, when, signal)],
  }
}

async function answer(
  bench: AnswerBench,
  { name, noise }: MeasuredArm,
  question: Question,
  when: When,
  signal: AbortSignal,
): Promise<LlmAnswer> {
  const { stages, probe, chat } = bench
  const options = { ...chat, model: name }
  const messages = promptFor(bench, question)
  const pids = await bench.processes()
  return inPlace(stages, signal, async () => {
    // A live turn that came between may have had it unloaded.
    await probe.load(options, signal)
    const pieces: string[] = []
    let timeToFirstTokenMs: number | null = null
    const cpuBefore = await cpuSeconds(pids)
    const askedAt = performance.now()
    for await (const part of stages.respond(messages, options, signal)) {
      if (part.type === 'text') {
        timeToFirstTokenMs ??= performance.now() - askedAt
        pieces.push(part.text)
      } else if (part.type === 'done') {
        const cpuAfter = await cpuSeconds(pids)
        return {
          kind: 'llm-answer',
          ...made(noise),
          arm: name,
          ...when,
          question: question.id,
          text: pieces.join(''),
          pieces,
          timeToFirstTokenMs,
          uniqueStart: true,
          ...part.statistics,
          cpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
        }
      }
    }
    throw new Error('respond ended without its figures')
  })
}

function unloadStep({ stages, probe }: AnswerBench, { name, noise }: MeasuredArm): Step {
  return {
    ...{ side: 'llm', arm: name, noise },
    what: `unloading ${name}`,
    async measure(signal) {
      await inPlace(stages, signal, () => probe.unload(name, signal))
      return []
    },
  }
}

/**
 * Each question's prompt begins with a word of its own, so that nothing of it comes from Ollama's prompt cache; the word is the
 * same for all tags and rounds, so that answers can be compared.
 */
function promptFor({ questions, systemPrompt }: AnswerBench, question: Question): ChatMessage[] {
  const index = questions.findIndex(({ id }) => id === question.id)
  return [
    { role: 'system', content: `${startWords[index % startWords.length]}. ${systemPrompt}` },
    { role: 'user', content: question.text },
  ]
}

const warmUp = (systemPrompt: string): ChatMessage[] => [
  { role: 'system', content: `Ready. ${systemPrompt}` },
  { role: 'user', content: 'Hello.' },
]

/** No two have the same first letters, so no tokenizer gives two of them the same first token. */
const startWords = [
  ...['Attention', 'Begin', 'Careful', 'Dear', 'Easy', 'Friendly', 'Good', 'Hello', 'Important', 'Just'],
  ...['Kindly', 'Listen', 'Mind', 'Note', 'Okay', 'Please', 'Quick', 'Right', 'Start', 'Thanks'],
  ...['Understood', 'Very', 'Welcome', 'Yes', 'Agreed', 'Brief', 'Clear', 'Directions', 'Each', 'First'],
  ...['Greetings', 'Hear', 'Instructions', 'Joyful', 'Keep', 'Let', 'My', 'Now', 'Onwards', 'Patient'],
]

/** Waits for the place in front of Ollama like any turn. */
export async function inPlace<T>(
  stages: Pick<Stages, 'llmPlace'>,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const place = await stages.llmPlace(OWNER, signal)
  try {
    return await work()
  } finally {
    place.release()
  }
}

async function untilFirstToken(parts: AsyncIterable<unknown>): Promise<void> {
  for await (const _part of parts) return
}
