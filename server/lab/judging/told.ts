import type {
  ComparisonResult,
  LlmTag,
  NoiseArm,
  Pair,
  SpeechLevel,
} from '../../protocol/comparisonResult.ts'
import { counted } from '../../shared/figures.ts'
import { listed, writtenNumber } from '../wording.ts'
import { isTelling, tellingRange } from './language/checkedAnswers.ts'
import { referencePair } from './pairs.ts'
import type { Run } from './run.ts'

/** Words of reference below which one word is half a percent or more of error rate. */
const FEW_WORDS = 200

/** What a reader must know before believing a figure. */
export function warnings(
  run: Run,
  input: ComparisonResult['input'],
  tags: readonly LlmTag[],
  noise: NoiseArm,
): string[] {
  return [
    ...aboutTheRun(run),
    ...aboutClips(input),
    ...aboutQuestions(run, tags),
    ...aboutSources(run),
    ...aboutNoise(noise),
  ]
}

function aboutTheRun({ ended, resumedAt, disturbed, unreadableLines }: Run): string[] {
  const said: string[] = []
  if (ended !== null && ended.state !== 'done') {
    said.push(`The run did not end by itself (${ended.state}): the report holds what it had until then.`)
  }
  if (resumedAt.length > 0) {
    said.push(
      `The run was broken off and went on ${counted(resumedAt.length, 'time')}: its rounds lie further apart.`,
    )
  }
  if (disturbed.observations > 0) {
    said.push(
      `Live sessions ran, or a model was loaded anew, during ${writtenNumber(disturbed.observations)} of ${counted(disturbed.of, 'observation')}; what was observed then is left out of all times.`,
    )
  }
  if (unreadableLines > 0) {
    said.push(`${counted(unreadableLines, 'line')} of the record could not be read and left out.`)
  }
  return said
}

function aboutClips({ speechClips, referenceWords }: ComparisonResult['input']): string[] {
  if (referenceWords === 0 || referenceWords >= FEW_WORDS) return []
  return [
    `${counted(speechClips, 'clip')} with ${counted(referenceWords, 'word')} were heard: one word is ${writtenNumber(100 / referenceWords)} points of word error rate, so only large differences can show.`,
  ]
}

function aboutQuestions({ plan }: Run, tags: readonly LlmTag[]): string[] {
  const reference = tags.find(({ name }) => name === plan.reference.llm)
  const right = reference?.figures.checkedRight
  if (right === undefined || right.value === null || isTelling(right.value)) return []
  const why = right.value > tellingRange[1] ? 'easy' : 'hard'
  return [
    `The questions are too weak to tell: the reference gets ${writtenNumber(right.value)} % of ${right.n} right, outside ${tellingRange[0]} to ${tellingRange[1]} %. They are too ${why} for it, and no verdict is given on them.`,
  ]
}

function aboutSources({ plan }: Run): string[] {
  const published = plan.speech.flatMap(({ name, reference, madeFrom = null }) =>
    reference === null && madeFrom !== null
      ? [
          `The weights of ${name} are published in ${madeFrom} and were unfolded from that: it is only as good as those, and what its other levels lose is relative to it.`,
        ]
      : [],
  )
  const made = plan.llm.flatMap(({ name, reference, madeFrom }) =>
    reference === null && madeFrom !== null
      ? [
          `The weights of ${name} were made from those of ${madeFrom}, so it is only as good as that one. Differences in quality are relative to it, and ${madeFrom} itself takes no part in verdicts on accuracy or in the recommendation.`,
        ]
      : [],
  )
  return [...published, ...made]
}

function aboutNoise({ tested, falseVerdicts }: NoiseArm): string[] {
  if (falseVerdicts.length === 0) return []
  const figures = listed([...new Set(falseVerdicts.map(({ figure }) => figure))])
  return [
    `The reference against itself got ${falseVerdicts.length} of ${tested} verdicts other than "no difference shown" (${figures}): do not believe small differences there.`,
  ]
}

/** What the run says it did not measure, and what its observations lack. */
export function notMeasured(
  run: Run,
  levels: readonly SpeechLevel[],
  tags: readonly LlmTag[],
  pairs: readonly Pair[],
): { what: string; why: string }[] {
  const { plan } = run
  const lacking: { what: string; why: string }[] = []
  const note = (applies: boolean, what: string, why: string) => {
    if (applies && !run.notMeasured.some(known => known.what === what)) lacking.push({ what, why })
  }
  const spoken = plan.clips.filter(({ kind }) => kind === 'speech')
  note(
    levels.length > 0 && spoken.every(({ text }) => text === null),
    'word and character error rate',
    'the texts of the clips are not known',
  )
  note(
    levels.length > 0 && spoken.length === plan.clips.length,
    'words invented without speech',
    'there is no clip without speech among the input',
  )
  note(
    tags.some(({ reference }) => reference !== null) &&
      tags.every(({ figures }) => figures.tokenAgreement.n === 0),
    'token agreement and divergence',
    'no next tokens after the reference’s answers were observed',
  )
  note(
    tags.length > 0 && tags.every(({ figures }) => figures.promptTokensPerSecond.n === 0),
    'prompt tokens per second',
    'no answer tells how many tokens of its prompt came from the cache',
  )
  note(plan.environment.energySource === null, 'energy', 'not measurable here')
  note(plan.voices !== undefined && run.spoken.length === 0, 'voices', 'nothing was spoken')
  const reference = referencePair(run)
  note(
    pairs.length > 0 && pairs.every(({ name }) => name !== reference),
    'pairs beside the pair of references',
    'no turns were made with it',
  )
  return [...run.notMeasured, ...lacking]
}
