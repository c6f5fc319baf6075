import type { ComparisonRequest } from '../../server/protocol/comparisons.ts'

/** The form as the reader filled it; a text that is no number asks for nothing. */
export type Answers = {
  speechModels: string[]
  llmModels: string[]
  voices: string[]
  pairs: boolean
  audio: string
  directory: string
  rounds: string
  budgetMinutes: string
  memoryMegabytes: string
  firstTokenMs: string
  wordErrorRateIncrease: string
}

/** What `POST /v1/comparisons` takes for it. */
export function comparisonRequest(answers: Answers): ComparisonRequest {
  const { speechModels, llmModels, voices, pairs, audio, directory } = answers
  const rounds = number(answers.rounds)
  const budgetMinutes = number(answers.budgetMinutes)
  const limits = {
    ...given('memoryBytes', scaled(answers.memoryMegabytes, 1e6)),
    ...given('firstTokenMs', number(answers.firstTokenMs)),
    ...given('wordErrorRateIncrease', number(answers.wordErrorRateIncrease)),
  }
  return {
    ...(speechModels.length === 0 ? {} : { speechModels }),
    ...(llmModels.length === 0 ? {} : { llmModels }),
    ...(voices.length === 0 ? {} : { voices }),
    pairs: pairs && speechModels.length > 0 && llmModels.length > 0,
    audio: audio === 'directory' ? { directory } : (audio as 'builtin' | 'saved' | 'synthetic' | 'mine'),
    ...given('rounds', rounds === null ? null : Math.round(rounds)),
    ...given('budgetSeconds', budgetMinutes === null ? null : Math.round(budgetMinutes * 60)),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  }
}

/** `whisper-tiny.en-q8_0, f16 · smollm2:135m … (3)`: what a run compares, short. */
export function requestInWords({ speechModels, llmModels, voices }: ComparisonRequest): string {
  const few = (names: readonly string[] | undefined) => {
    if (names === undefined) return []
    return [names.length <= 2 ? names.join(', ') : `${names[0]} and ${names.length - 1} more`]
  }
  const parts = [...few(speechModels), ...few(llmModels), ...few(voices)]
  return parts.length === 0 ? 'the default models' : parts.join(' · ')
}

function number(text: string): number | null {
  const value = Number(text)
  return text.trim() === '' || !Number.isFinite(value) ? null : value
}

function scaled(text: string, by: number): number | null {
  const value = number(text)
  return value === null ? null : Math.round(value * by)
}

function given<K extends string>(name: K, value: number | null): { [_ in K]?: number } {
  return value === null ? {} : ({ [name]: value } as { [_ in K]?: number })
}
