import { cpuSeconds } from '../../engines/cpuTime.ts'
import type { Log } from '../../log.ts'
import type { SessionDependencies } from '../../session/session.ts'
import { seedOf, shuffled } from '../../shared/seeded.ts'
import { type Observation, type PairTurn, pairName } from '../observations.ts'
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
  /** The pair of the references, measured once more as the noise arm; null where a side has no reference. */
  reference: { speech: string; llm: string } | null
  clips: readonly LabClip[]
  rounds: number
  seed: number
  /** Levels and tags that nothing else beats in every respect, by what was observed so far. */
  fronts(signal: AbortSignal): Promise<{ speech: string[]; llm: string[] }>
  session: Omit<SessionDependencies, 'plays'>
  processes(speech: string): Promise<number[]>
  log: Log
}

type Arm = { speech: string; llm: string; noise: boolean }

/** Whole spoken turns in real time, through the server's own pipeline, of the pairs of both fronts. */
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
export function armsOf(
  fronts: { speech: string[]; llm: string[] },
  reference: PairBench['reference'],
): Arm[] {
  const arms = fronts.speech.flatMap(speech => fronts.llm.map(llm => ({ speech, llm, noise: false })))
  if (reference === null) return arms.slice(0, MAX_PAIRS)
  const others = arms.filter(({ speech, llm }) => speech !== reference.speech || llm !== reference.llm)
  const chosen = new Map<string, Arm>()
  for (const arm of spreadOver(others)) {
    const beside = { ...arm, speech: reference.speech }
    const wanted = (arm.llm === reference.llm ? [arm] : [beside, arm]).filter(
      ({ speech, llm }) => !chosen.has(pairName(speech, llm)),
    )
    if (chosen.size + wanted.length > MAX_PAIRS) continue
    for (const one of wanted) chosen.set(pairName(one.speech, one.llm), one)
  }
  return [{ ...reference, noise: false }, { ...reference, noise: true }, ...chosen.values()]
}

/** So that the first few have each level and each tag in them, and not the first level with every tag. */
function spreadOver(arms: Arm[]): Arm[] {
  const uses = new Map<string, number>()
  const usesOf = ({ speech, llm }: Arm) => (uses.get(speech) ?? 0) + (uses.get(llm) ?? 0)
  const left = [...arms]
  const result: Arm[] = []
  while (left.length > 0) {
    left.sort((a, b) => usesOf(a) - usesOf(b))
    const next = left.shift()
    if (next === undefined) break
    result.push(next)
    for (const name of [next.speech, next.llm]) uses.set(name, (uses.get(name) ?? 0) + 1)
  }
  return result
}

function step(bench: PairBench, { speech, llm, noise }: Arm, clip: LabClip, round: number): Step {
  const arm = pairName(speech, llm)
  return {
    ...{ side: 'pair', arm, noise },
    what: `${arm} hears ${clip.id}`,
    async measure(signal): Promise<Observation[]> {
      const turns = await openSpokenTurns(bench.session, bench.log, signal)
      try {
        await turns.prepare(speech, llm)
        const pids = await bench.processes(speech)
        const before = await cpuSeconds(pids)
        const { record, transcript, reply } = await turns.speak(clip.samples)
        const after = await cpuSeconds(pids)
        const turn: PairTurn = {
          kind: 'pair-turn',
          ...made(noise),
          ...{ round, speech, llm, clip: clip.id, record, transcript, reply },
          cpuSeconds: before === null || after === null ? null : after - before,
        }
        return [turn]
      } finally {
        await turns.close()
      }
    },
  }
}
