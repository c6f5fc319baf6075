import type {
  ComparedVoice,
  LlmTag,
  Pair,
  Recommendation,
  SpeechLevel,
} from '../../../protocol/comparisonResult.ts'
import { listed, writtenRatio, writtenValue } from '../../wording.ts'
import type { Run } from '../run.ts'
import { brokenLimits, type Candidate, type Choice, chooseTogether, ranked, timeBeside } from './candidate.ts'
import { howToTell } from './enough.ts'
import { llmCandidates } from './llmCandidates.ts'
import { speechCandidates } from './speechCandidates.ts'
import { voiceCandidates } from './voiceCandidates.ts'

/**
 * What to run on this machine: of the levels, tags and voices that lose no accuracy beyond what is allowed, the fastest; of
 * those that are not shown to be slower, the smallest; all together within the limits that were asked for. Where too
 * little was measured to tell, the reference; then it says what looked promising, and what it takes to tell.
 */
export function recommend(
  run: Run,
  levels: readonly SpeechLevel[],
  tags: readonly LlmTag[],
  compared: readonly ComparedVoice[],
  pairs: readonly Pair[],
): Recommendation {
  const speech = speechCandidates(run, levels)
  const llm = llmCandidates(run, tags)
  const voices = voiceCandidates(run, compared)
  const limits = run.plan.request.limits ?? {}
  const pairFirstTokenMs = (level: string, tag: string) =>
    pairs.find(pair => pair.speech === level && pair.llm === tag)?.figures.firstTokenMs.value ?? null
  const [bestSpeech, bestLlm, bestVoices] = [speech, llm, voices].map(side => ranked(side.filter(isTold)))
  const sidesRanked = [bestSpeech ?? [], bestLlm ?? [], bestVoices ?? []] as const
  if (sidesRanked.every(side => side.length === 0)) return nothingMeasured()
  const choice = chooseTogether(...sidesRanked, limits, pairFirstTokenMs)
  if (choice === null) {
    const [bySpeech = null, byLlm = null, byVoice = null] = sidesRanked.map(side => side[0] ?? null)
    const best = { speech: bySpeech, llm: byLlm, voice: byVoice }
    const outlook = [
      outlookOf(run, best.speech, speech),
      outlookOf(run, best.llm, llm),
      outlookOf(run, best.voice, voices),
    ]
    return nothingWithin(best, brokenLimits(best, limits, pairFirstTokenMs), limits, outlook)
  }
  const sides = [
    { chosen: choice.speech, all: speech, use: 'speech', does: 'hears a clip' },
    { chosen: choice.llm, all: llm, use: 'answers', does: 'comes to a first clause' },
    { chosen: choice.voice, all: voices, use: 'the voice', does: 'is heard' },
  ]
  const used = sides.flatMap(({ chosen, use }) => (chosen === null ? [] : [`${chosen.name} for ${use}`]))
  return {
    speech: choice.speech?.name ?? null,
    llm: choice.llm?.name ?? null,
    voice: choice.voice?.name ?? null,
    reasons: sides.flatMap(({ chosen, all, does }) => (chosen === null ? [] : reasons(chosen, all, does))),
    sentence: `On this machine use ${listed(used)}: ${[
      summary(choice, speech, llm, voices),
      ...sides.map(({ chosen, all }) => outlookOf(run, chosen, all)),
    ]
      .filter(text => text !== null)
      .join('; ')}.`,
  }
}

const chosenOf = ({ speech, llm, voice }: Choice): Candidate[] =>
  [speech, llm, voice].filter(side => side !== null)

const isTold = ({ evidence }: Candidate) => evidence !== 'thin'

/** What is ahead of the choice but for too little evidence, and what it takes to tell; null for nothing. */
function outlookOf({ ended }: Run, chosen: Candidate | null, all: readonly Candidate[]): string | null {
  if (chosen === null) return null
  // As though nothing were held against what is not told.
  const hoped = ranked(all.map(one => (isTold(one) ? one : { ...one, objection: null })))
  const ahead = hoped.slice(0, hoped.indexOf(chosen)).filter(one => !isTold(one))
  const promising = ahead.find(({ name }) => all.some(one => one.name === name && one.objection === null))
  const best = promising ?? ahead[0]
  if (best === undefined) return null
  const how = best.enough && howToTell(best.enough, ended?.elapsedMs ?? null)
  const ratio = timeBeside(best, chosen).ratioToReference
  const looked =
    promising === undefined
      ? `too little was measured of ${best.name}`
      : `${best.name} looked promising${ratio === null ? '' : `, at ${writtenRatio(ratio)} the time of ${chosen.name}`}`
  return how === null ? looked : `${looked}: ${how}`
}

/** Percentage points by which something slower must be more accurate to be named beside the choice. */
const WORTH_NAMING = 1

const referenceOf = (all: readonly Candidate[]) => all.find(({ evidence }) => evidence === 'reference')

function reasons(chosen: Candidate, all: readonly Candidate[], does: string): string[] {
  const reference = referenceOf(all)
  const said: string[] = []
  if (reference !== undefined && reference !== chosen) {
    const { ratioToReference, ratioInterval } = timeBeside(chosen, reference)
    if (ratioToReference !== null) {
      const range = ratioInterval ? ` (95 %: ${ratioInterval.map(writtenRatio).join(' to ')})` : ''
      said.push(
        `${chosen.name} ${does} in ${writtenRatio(ratioToReference)} the time of ${reference.name}${range}${memoryBeside(chosen, reference)}.`,
      )
    }
  }
  said.push(chosen.accuracy)
  for (const other of all) {
    if (other === chosen || other.timeMs === null || chosen.timeMs === null) continue
    if ((timeBeside(other, chosen).ratioToReference ?? 1) >= 1) continue
    if (other.objection !== null) said.push(`${other.name} is faster, but ${other.objection}.`)
    else if (!isTold(other)) said.push(other.accuracy)
  }
  const finest = all
    .filter(
      ({ evidence, lossPoints, timeMs }) => evidence === 'shown' && lossPoints !== null && timeMs !== null,
    )
    .sort((a, b) => (a.lossPoints ?? 0) - (b.lossPoints ?? 0))[0]
  if (finest !== undefined && (chosen.lossPoints ?? 0) - (finest.lossPoints ?? 0) >= WORTH_NAMING) {
    const { ratioToReference } = timeBeside(finest, chosen)
    if (ratioToReference !== null) {
      said.push(
        `Where accuracy matters more: ${finest.accuracy.replace(/\.$/, '')}; it takes ${writtenRatio(ratioToReference)} the time of ${chosen.name}.`,
      )
    }
  }
  return said
}

function memoryBeside(own: Candidate, other: Candidate): string {
  return own.memoryBytes === null || other.memoryBytes === null
    ? ''
    : `, with ${writtenValue(own.memoryBytes, 'bytes')} of memory instead of ${writtenValue(other.memoryBytes, 'bytes')}`
}

/** What the choice gains, and how sure it is that it loses nothing. */
function summary(
  choice: Choice,
  speech: readonly Candidate[],
  llm: readonly Candidate[],
  voices: readonly Candidate[],
): string {
  const gains = [
    gain('hearing', choice.speech, speech),
    gain('answering', choice.llm, llm),
    gain('speaking', choice.voice, voices),
  ].filter(text => text !== null)
  const evidence = chosenOf(choice).map(side => side.evidence)
  const doubt = !evidence.every(kind => kind === 'reference')
    ? 'no loss of accuracy was shown'
    : [...speech, ...llm, ...voices].every(isTold)
      ? 'nothing that was compared is faster or smaller without a loss of accuracy'
      : 'too little was measured to recommend anything faster or smaller'
  return gains.length === 0 ? doubt : `${listed(gains)}; ${doubt}`
}

function gain(what: string, chosen: Candidate | null, all: readonly Candidate[]): string | null {
  const reference = referenceOf(all)
  if (chosen === null || reference === undefined || chosen === reference) return null
  const { ratioToReference } = timeBeside(chosen, reference)
  if (ratioToReference === null) return null
  const memory =
    chosen.memoryBytes === null || reference.memoryBytes === null
      ? ''
      : ` and ${writtenRatio(chosen.memoryBytes / reference.memoryBytes)} the memory`
  return `${what} takes ${writtenRatio(ratioToReference)} the time${memory} of ${reference.name}`
}

const nothingMeasured = (): Recommendation => ({
  speech: null,
  llm: null,
  voice: null,
  reasons: [],
  sentence: 'Nothing can be recommended: no level, no tag and no voice was measured to the end.',
})

function nothingWithin(
  best: Choice,
  broken: ReturnType<typeof brokenLimits>,
  limits: NonNullable<Run['plan']['request']['limits']>,
  outlook: (string | null)[],
): Recommendation {
  const names = chosenOf(best).map(({ name }) => name)
  const asked = broken.map(limit =>
    limit === 'memoryBytes'
      ? `memory (${writtenValue(limits.memoryBytes ?? 0, 'bytes')})`
      : `time to first token (${writtenValue(limits.firstTokenMs ?? 0, 'ms')})`,
  )
  return {
    speech: null,
    llm: null,
    voice: null,
    reasons: chosenOf(best).map(({ accuracy }) => accuracy),
    sentence: `Nothing ${outlook.every(text => text === null) ? 'that was compared' : 'of which enough was measured'} keeps the limit on ${listed(asked)}; ${[
      `without it, use ${listed(names)}`,
      ...outlook.filter(text => text !== null),
    ].join('; ')}.`,
  }
}
