import { cpuSeconds } from '../../engines/cpuTime.ts'
import type { Log } from '../../log.ts'
import type { SessionDependencies } from '../../session/session.ts'
import { seedOf, shuffled } from '../../shared/seeded.ts'
import { type Observation, type PairTurn, pairName, type Together } from '../observations.ts'
import type { LabClip } from './clips.ts'
import { openSpokenTurns } from './spokenTurns.ts'
import { made, type Phase, type Step, type Unit } from './step.ts'

/** Questions, not speeches, without pauses that end a turn: one clip is one turn. */
const MAX_SPOKEN_MS = 5_000
const CLIPS_AT_ONCE = 2
/** More pairs than these would get too few turns each to tell anything. */
const MAX_PAIRS = 5
const MAX_CLIPS = 12

export type PairBench = {
  /** What the references are together, measured once more as the noise arm; null where a side has no reference. */
  reference: Together | null
  clips: readonly LabClip[]
  rounds: number
  seed: number
  /** Levels, tags and voices that nothing else beats in every respect, by what was observed so far. */
  fronts(signal: AbortSignal): Promise<Fronts>
  session: Omit<SessionDependencies, 'plays' | 'leavesReplies'>
  processes(speech: string): Promise<number[]>
  log: Log
}

type Arm = Together & { noise: boolean }
/** Voices are none where they are not compared. */
type Fronts = { speech: string[]; llm: string[]; voices: string[] }

/** Whole spoken turns in real time, through the server's own pipeline, of what is on all fronts, together. */
export function pairPhase(bench: PairBench, share: number): Phase {
  return {
    name: 'pairs',
    what: 'spoken turns of pairs',
    share,
    units: async (_observed, signal) => {
      const arms = armsOf(await bench.fronts(signal), bench.reference)
      const questions = bench.clips.filter(isQuestion).slice(0, MAX_CLIPS)
      const units: Unit[] = []
      for (let round = 0; round < bench.rounds; round++) {
        for (let first = 0; first < questions.length; first += CLIPS_AT_ONCE) {
          const some = questions.slice(first, first + CLIPS_AT_ONCE)
          units.push({
            id: `pairs ${round} ${first}`,
            what: `round ${round + 1}, clips ${first + 1} to ${first + some.length}`,
            steps: shuffled(arms, seedOf(bench.seed, 'pairs', round, first)).flatMap(arm =>
              some.map(clip => step(bench, arm, clip, round)),
            ),
          })
        }
      }
      return units
    },
  }
}

function isQuestion({ kind, audioMs, speech }: LabClip): boolean {
  return kind === 'speech' && audioMs <= MAX_SPOKEN_MS && speech.segments.length === 1
}

/**
 * The pair of the references first: the others are held against it. With each other tag comes the reference level, too: only beside
 * it can be told which answers changed because the level changed the transcript.
 */
export function armsOf(fronts: Fronts, reference: PairBench['reference']): Arm[] {
  const voices = fronts.voices.length === 0 ? [null] : fronts.voices
  const arms = fronts.speech.flatMap(speech =>
    fronts.llm.flatMap(llm => voices.map(voice => ({ speech, llm, voice, noise: false }))),
  )
  if (reference === null) return arms.slice(0, MAX_PAIRS)
  const others = arms.filter(arm => pairName(arm) !== pairName(reference))
  const chosen = new Map<string, Arm>()
  for (const arm of spreadOver(others)) {
    const beside = { ...arm, speech: reference.speech }
    const wanted = (arm.llm === reference.llm ? [arm] : [beside, arm]).filter(
      one => !chosen.has(pairName(one)) && pairName(one) !== pairName(reference),
    )
    if (chosen.size + wanted.length > MAX_PAIRS) continue
    for (const one of wanted) chosen.set(pairName(one), one)
  }
  return [{ ...reference, noise: false }, { ...reference, noise: true }, ...chosen.values()]
}

/** So that the first few have each level, each tag and each voice in them, and not the first level with every tag. */
function spreadOver(arms: Arm[]): Arm[] {
  const uses = new Map<string, number>()
  const namesOf = ({ speech, llm, voice }: Arm) => [speech, llm, ...(voice ? [voice] : [])]
  const usesOf = (arm: Arm) => namesOf(arm).reduce((sum, name) => sum + (uses.get(name) ?? 0), 0)
  const left = [...arms]
  const result: Arm[] = []
  while (left.length > 0) {
    left.sort((a, b) => usesOf(a) - usesOf(b))
    const next = left.shift()
    if (next === undefined) break
    result.push(next)
    for (const name of namesOf(next)) uses.set(name, (uses.get(name) ?? 0) + 1)
  }
  return result
}

function step(bench: PairBench, { noise, ...together }: Arm, clip: LabClip, round: number): Step {
  const arm = pairName(together)
  return {
    ...{ side: 'pair', arm, noise },
    what: `${arm} hears ${clip.id}`,
    async measure(signal): Promise<Observation[]> {
      const turns = await openSpokenTurns(bench.session, bench.log, signal)
      try {
        await turns.prepare(together)
        const pids = await bench.processes(together.speech)
        const before = await cpuSeconds(pids)
        const { record, transcript, reply } = await turns.speak(clip.samples)
        const after = await cpuSeconds(pids)
        const turn: PairTurn = {
          kind: 'pair-turn',
          ...made(noise),
          ...{ ...together, round, clip: clip.id, record, transcript, reply },
          cpuSeconds: before === null || after === null ? null : after - before,
        }
        return [turn]
      } finally {
        await turns.close()
      }
    },
  }
}
