import { cpuSeconds } from '../../engines/cpuTime.ts'
import type { LanguageModelLease, LanguageModelLeases } from '../../llm/lease.ts'
import type { ModelProbe } from '../../llm/probe.ts'
import type { ChatMessage } from '../../llm/respond.ts'
import { inPlace, warm } from '../../llm/warm.ts'
import type { Stages } from '../../session/stages.ts'
import type { Question } from '../input.ts'
import type { LlmAnswer, LlmArm, LlmLoad } from '../observations.ts'
import { type BlockWork, blocksOf } from './blocks.ts'
import { type MeasuredArm, made, OWNER, type Phase, type When } from './step.ts'
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
  /** The context window that tags are loaded with. */
  contextTokens: number
  /** Those of turns, with the options that every answer of the run has. */
  llm: LanguageModelLeases
  stages: Pick<Stages, 'languageModel' | 'memory'>
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
      const work: BlockWork<Question> = {
        ...{ side: 'llm', items: 'questions', of: bench.questions },
        atOnce: { first: QUESTIONS_AT_ONCE, later: QUESTIONS_AT_ONCE },
        load: (arm, block, signal) => load(bench, arm, block, signal),
        doing: question => `answers "${question.text}"`,
        measure: (arm, question, when, signal) => answer(bench, arm, question, when, signal),
        unload: ({ name }, signal) => atModel(bench, name, signal, () => bench.probe.unload(name, signal)),
      }
      return blocksOf(work, bench)
    },
  }
}

/** Unloaded, then loaded; what Ollama read before is in the memory of the file system. */
async function load(
  bench: AnswerBench,
  { name, noise }: MeasuredArm,
  round: number,
  signal: AbortSignal,
): Promise<LlmLoad> {
  const { stages, probe, systemPrompt } = bench
  const model = await stages.languageModel(name, signal)
  const tensors = await probe.tensors(name, signal)
  const loadMs = await atModel(bench, name, signal, async lease => {
    await probe.unload(name, signal)
    const ms = await probe.load(name, signal)
    await warm(lease, `Ready. ${systemPrompt}`, signal)
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

async function answer(
  bench: AnswerBench,
  { name, noise }: MeasuredArm,
  question: Question,
  when: When,
  signal: AbortSignal,
): Promise<LlmAnswer> {
  const messages = promptFor(bench, question)
  const pids = await bench.processes()
  return atModel(bench, name, signal, async lease => {
    // A live turn that came between may have had it unloaded.
    await bench.probe.load(name, signal)
    const pieces: string[] = []
    let timeToFirstTokenMs: number | null = null
    const cpuBefore = await cpuSeconds(pids)
    const askedAt = performance.now()
    for await (const part of lease.respond(messages, signal)) {
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
          // Its times are those of somebody's load.
          disturbed: part.cold !== false,
          cpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
        }
      }
    }
    throw new Error('respond ended without its figures')
  })
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

/** No two have the same first letters, so no tokenizer gives two of them the same first token. */
const startWords = [
  ...['Attention', 'Begin', 'Careful', 'Dear', 'Easy', 'Friendly', 'Good', 'Hello', 'Important', 'Just'],
  ...['Kindly', 'Listen', 'Mind', 'Note', 'Okay', 'Please', 'Quick', 'Right', 'Start', 'Thanks'],
  ...['Understood', 'Very', 'Welcome', 'Yes', 'Agreed', 'Brief', 'Clear', 'Directions', 'Each', 'First'],
  ...['Greetings', 'Hear', 'Instructions', 'Joyful', 'Keep', 'Let', 'My', 'Now', 'Onwards', 'Patient'],
]

/** Waits for the place at the language model like any turn. What is loaded in it is the comparison's own to see to. */
export function atModel<T>(
  { llm, contextTokens }: Pick<AnswerBench, 'llm' | 'contextTokens'>,
  name: string,
  signal: AbortSignal,
  work: (lease: LanguageModelLease) => Promise<T>,
): Promise<T> {
  return inPlace(llm, { name, loaded: true, contextTokens, remote: null }, OWNER, signal, work)
}
