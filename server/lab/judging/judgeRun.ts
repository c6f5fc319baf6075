import type {
  ComparedVoice,
  ComparisonResult,
  LlmTag,
  NoiseArm,
  Pair,
  SpeechLevel,
} from '../../protocol/comparisonResult.ts'
import { pairName } from '../observations.ts'
import { fronts } from './fronts.ts'
import { judgeLlmTag } from './language/llmTags.ts'
import { judgePair, pairsOf, referencePair } from './pairs.ts'
import { recommend } from './recommendation/recommend.ts'
import type { Run } from './run.ts'
import { judgeSpeechLevel } from './speech/speechLevels.ts'
import { notMeasured, warnings } from './told.ts'
import { judgeVoice } from './voices/voices.ts'
import { comparedWords } from './words/normalizeEnglish.ts'

/**
 * The result of a run, from what it wrote down alone: the same lines give the same result, of a run that is over as of
 * one that broke off. Takes seconds of arithmetic: off the event loop, see `judgeInWorker`.
 */
export function judgeRun(run: Run): ComparisonResult {
  const { plan, ended } = run
  const speech = plan.speech.map(arm => judgeSpeechLevel(run, arm))
  const llm = plan.llm.map(arm => judgeLlmTag(run, arm))
  const voices = (plan.voices?.arms ?? []).map(arm => judgeVoice(run, arm))
  const pairs = pairsOf(run).map(pair => judgePair(run, pair))
  const noiseArm = judgeNoise(run)
  const input = inputOf(run)
  return {
    id: plan.id,
    state: ended?.state ?? 'running',
    startedAt: plan.startedAt,
    finishedAt: ended?.at ?? null,
    request: plan.request,
    environment: plan.environment,
    input,
    margins: plan.margins,
    reference: { ...plan.reference, voice: voices[0]?.name ?? null },
    speech,
    llm,
    voices,
    pairs,
    noiseArm,
    pareto: fronts(speech, llm, voices, pairs),
    recommendation: recommend(run, speech, llm, voices, pairs),
    warnings: warnings(run, input, llm, noiseArm),
    disturbed: run.disturbed,
    notMeasured: notMeasured(run, speech, llm, pairs),
    cutByBudget: run.cuts,
    failures: run.failures.map(({ arm, what, why }) => ({
      what: arm === null ? what : `${arm}: ${what}`,
      why,
    })),
  }
}

/** What was really put before the models, which a budget may have cut. */
function inputOf({ plan, decodes, answers, spoken: said, turns }: Run): ComparisonResult['input'] {
  const heard = new Set(decodes.map(({ clip }) => clip))
  const asked = new Set(answers.map(({ question }) => question))
  const clips = plan.clips.filter(({ id }) => heard.has(id))
  const spoken = clips.filter(({ kind }) => kind === 'speech')
  const questions = plan.questions.filter(({ id }) => asked.has(id))
  return {
    audio: plan.audio,
    speechClips: spoken.length,
    nonspeechClips: clips.length - spoken.length,
    referenceWords: spoken.reduce(
      (sum, { text }) => sum + (text === null ? 0 : comparedWords(text).length),
      0,
    ),
    questions: questions.length,
    checkedQuestions: questions.filter(({ check }) => check !== null).length,
    texts: new Set(said.map(({ text }) => text)).size,
    ear: plan.voices?.ear ?? null,
    rounds: {
      speech: roundsOf(decodes),
      llm: roundsOf(answers),
      voices: roundsOf(said),
      pairs: roundsOf(turns),
    },
  }
}

const roundsOf = (observations: readonly { round: number }[]) => {
  let rounds = 0
  for (const { round } of observations) rounds = Math.max(rounds, round + 1)
  return rounds
}

/** The references against themselves: what the verdicts say where there is nothing to find. */
function judgeNoise(run: Run): NoiseArm {
  const { plan } = run
  const speechArm = plan.speech.find(({ name }) => name === plan.reference.speech)
  const llmArm = plan.llm.find(({ name }) => name === plan.reference.llm)
  const pairArm = pairsOf(run).find(together => pairName(together) === referencePair(run))
  const voiceArm = plan.voices?.arms[0]
  const speech =
    speechArm && run.decodes.some(({ noise }) => noise) ? judgeSpeechLevel(run, speechArm, true) : null
  const llm = llmArm && run.answers.some(({ noise }) => noise) ? judgeLlmTag(run, llmArm, true) : null
  const voice = voiceArm && run.spoken.some(({ noise }) => noise) ? judgeVoice(run, voiceArm, true) : null
  const pair = pairArm && run.turns.some(({ noise }) => noise) ? judgePair(run, pairArm, true) : null
  const judged = [speech, llm, voice, pair].flatMap(arm => (arm === null ? [] : verdictsOf(arm)))
  return {
    speech,
    llm,
    voice,
    pair,
    tested: judged.filter(({ verdict }) => verdict !== 'not-tested').length,
    falseVerdicts: judged.filter(({ verdict }) => verdict === 'better' || verdict === 'worse'),
  }
}

const verdictsOf = ({ name, figures }: SpeechLevel | LlmTag | ComparedVoice | Pair) =>
  Object.entries(figures).map(([figure, { verdict }]) => ({ arm: name, figure, verdict }))
