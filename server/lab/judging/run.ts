import { QuantvoxError } from '../../errors.ts'
import { parsedJson } from '../../files/readJson.ts'
import type { ComparisonState } from '../../protocol/comparisons.ts'
import {
  type EnergyBatch,
  type Failure,
  isObservation,
  type LlmAnswer,
  type LlmLoad,
  type LlmPosition,
  type Observation,
  type PairTurn,
  type Plan,
  pairName,
  type SpeechDecode,
  type SpeechLoad,
  type VoiceLoad,
  type VoiceSpoken,
} from '../observations.ts'

/** All that a run wrote down, by kind. */
export type Run = {
  plan: Plan
  speechLoads: SpeechLoad[]
  decodes: SpeechDecode[]
  llmLoads: LlmLoad[]
  answers: LlmAnswer[]
  positions: LlmPosition[]
  voiceLoads: VoiceLoad[]
  spoken: VoiceSpoken[]
  turns: PairTurn[]
  batches: EnergyBatch[]
  failures: Failure[]
  notMeasured: { what: string; why: string }[]
  cuts: string[]
  resumedAt: string[]
  /** null while it runs, or when it broke off. */
  ended: { at: string; state: ComparisonState; elapsedMs: number | null } | null
  disturbed: { observations: number; of: number }
  /** Lines that hold no observation; the last one of a run that broke off may be cut short. */
  unreadableLines: number
}

/**
 * Reads what a run wrote down, a JSON object a line. A step that a resumed run repeated counts once, as it was last.
 * @throws QuantvoxError `not_found` when the text does not begin with a plan
 */
export function readRun(lines: Iterable<string>): Run {
  let plan: Plan | null = null
  let unreadableLines = 0
  // Before repeated steps take the place of disturbed ones: that they had to be repeated is worth saying.
  const made = { observations: 0, of: 0 }
  const observations = new Map<string, Observation>()
  for (const line of lines) {
    if (line.trim() === '') continue
    const observation = parsedJson(line)
    if (!isObservation(observation)) unreadableLines++
    else if (observation.kind === 'plan') plan = observation
    else {
      observations.set(identityOf(observation), observation)
      if (!('disturbed' in observation) || (observation.kind === 'failure' && !observation.disturbed))
        continue
      made.of++
      if (observation.disturbed) made.observations++
    }
  }
  if (plan === null) {
    throw new QuantvoxError('not_found', 'The file of the comparison holds no plan.', {
      meaning: 'What was measured cannot be told, so nothing can be judged.',
      mend: 'Start the comparison again.',
    })
  }
  const all = [...observations.values()]
  const only = <Kind extends Observation['kind']>(kind: Kind) =>
    all.filter((one): one is Extract<Observation, { kind: Kind }> => one.kind === kind)
  const ended = only('ended').at(-1)
  return {
    plan,
    speechLoads: only('speech-load'),
    decodes: only('speech-decode'),
    llmLoads: only('llm-load'),
    answers: only('llm-answer'),
    positions: only('llm-position'),
    voiceLoads: only('voice-load'),
    spoken: only('voice-spoken'),
    turns: only('pair-turn'),
    batches: only('energy'),
    failures: only('failure').filter(failure => !failure.disturbed),
    notMeasured: only('not-measured').map(({ what, why }) => ({ what, why })),
    cuts: only('cut').map(({ what }) => what),
    resumedAt: only('resumed').map(({ at }) => at),
    ended:
      ended === undefined ? null : { at: ended.at, state: ended.state, elapsedMs: ended.elapsedMs ?? null },
    disturbed: made,
    unreadableLines,
  }
}

/** What makes two observations the same step of a run; the text of what has no steps. */
function identityOf(observation: Observation): string {
  switch (observation.kind) {
    case 'speech-load':
    case 'llm-load':
    case 'voice-load':
      return key(observation, observation.arm)
    case 'speech-decode':
      return key(observation, observation.arm, observation.clip)
    case 'llm-answer':
      return key(observation, observation.arm, observation.question)
    case 'llm-position':
      return key(observation, observation.arm, observation.question, observation.position)
    case 'voice-spoken':
      return key(observation, observation.arm, observation.text)
    case 'pair-turn':
      return key(observation, pairName(observation), observation.clip)
    default:
      return JSON.stringify(observation)
  }
}

function key(
  { kind, noise, round }: { kind: string; noise: boolean; round: number },
  ...rest: (string | number)[]
) {
  return JSON.stringify([kind, noise, round, ...rest])
}
