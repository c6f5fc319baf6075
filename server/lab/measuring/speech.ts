import { stat } from 'node:fs/promises'
import { cpuSeconds } from '../../engines/cpuTime.ts'
import type { SpeechEngines } from '../../engines/speechEngines.ts'
import { createRecognizer, type Recognize, type SpeechLevel } from '../../speech/recognizer.ts'
import { requestWhisper } from '../../speech/whisperServer.ts'
import { windowFor } from '../../speech/window.ts'
import type { Observation, SpeechArm, SpeechDecode } from '../observations.ts'
import type { LabClip } from './clips.ts'
import { seedOf, shuffled } from './seeded.ts'
import { made, type Phase, type Step, type Unit } from './step.ts'
import { bitsPerWeightOf } from './whisperFile.ts'

/** Clips of one unit: small enough that a budget can end between them. */
const CLIPS_AT_ONCE = 6
/** Loads in a row in a round; with the usual three rounds an interval of their median can be told. */
const LOADS_A_ROUND = 2
const OWNER = 'comparison'
const DECODE_WITHIN_MS = 120_000

export type SpeechBench = {
  arms: readonly SpeechArm[]
  /** The level that is measured once more. */
  noiseOf: string | null
  clips: readonly LabClip[]
  language: string | null
  rounds: number
  seed: number
  levelFile(name: string, signal: AbortSignal): Promise<SpeechLevel>
  /** Engines that stay loaded for the whole run. */
  engines: SpeechEngines
  /** Engines for one load. */
  freshEngines(): SpeechEngines
}

/** Loading, and encoding with decoding, of every level: all levels hear a clip one after the other, in an order that changes. */
export function speechPhase(bench: SpeechBench, share: number): Phase {
  return {
    name: 'speech',
    what: 'decodings of clips',
    share,
    units: async () => {
      const units: Unit[] = []
      for (let round = 0; round < bench.rounds; round++) {
        const clips = shuffled(bench.clips, seedOf(bench.seed, 'clips', round))
        for (let first = 0; first < clips.length; first += CLIPS_AT_ONCE) {
          const some = clips.slice(first, first + CLIPS_AT_ONCE)
          const loads = first === 0 ? loadSteps(bench, round) : []
          units.push({
            id: `speech ${round} ${first}`,
            what: `round ${round + 1}, clips ${first + 1} to ${first + some.length}`,
            steps: [...loads, ...some.flatMap(clip => decodeSteps(bench, clip, round))],
          })
        }
      }
      return units
    },
  }
}

type Arm = { name: string; noise: boolean }

function armsOf({ arms, noiseOf }: SpeechBench): Arm[] {
  const plain = arms.map(({ name }) => ({ name, noise: false }))
  return noiseOf === null ? plain : [...plain, { name: noiseOf, noise: true }]
}

function decodeSteps(bench: SpeechBench, clip: LabClip, round: number): Step[] {
  const order = shuffled(armsOf(bench), seedOf(bench.seed, clip.id, round))
  return order.map(({ name, noise }) => ({
    side: 'speech',
    arm: name,
    noise,
    what: `decoding ${clip.id}`,
    measure: async signal => [await decode(bench, { name, noise }, clip, round, signal)],
  }))
}

async function decode(
  bench: SpeechBench,
  { name, noise }: Arm,
  clip: LabClip,
  round: number,
  signal: AbortSignal,
): Promise<SpeechDecode> {
  const level = await bench.levelFile(name, signal)
  const hear = clip.kind === 'speech' ? hearSpeech : hearAnything
  let cpuBefore: number | null = null
  const pids = async () =>
    (await bench.engines.loaded()).flatMap(model =>
      model.name === name && model.pid !== null ? [model.pid] : [],
    )
  let own = await pids()
  cpuBefore = await cpuSeconds(own)
  let heard = await hear(bench, level, clip, signal)
  if (heard.cold) {
    // What the first decoding of a process costs is no part of what a decoding costs.
    own = await pids()
    cpuBefore = await cpuSeconds(own)
    heard = await hear(bench, level, clip, signal)
  }
  const cpuAfter = await cpuSeconds(own)
  const { transcript, queueMs, inferenceMs, audioMs, passes } = heard
  return {
    kind: 'speech-decode',
    ...made(noise),
    arm: name,
    round,
    clip: clip.id,
    ...{ transcript, queueMs, inferenceMs, audioMs, passes },
    cpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
  }
}

type Heard = Pick<SpeechDecode, 'transcript' | 'queueMs' | 'inferenceMs' | 'audioMs' | 'passes'> & {
  cold: boolean
}
type Hear = (bench: SpeechBench, level: SpeechLevel, clip: LabClip, signal: AbortSignal) => Promise<Heard>

/** As turns do it: silence cut off, the window by the length, again with the full one where it loops. */
const hearSpeech: Hear = async ({ engines, language }, level, { samples, speech, audioMs }, signal) => {
  const recognize: Recognize = createRecognizer({ acquire: engines.acquire })
  const options = { model: level, language, owner: OWNER }
  const {
    text: transcript,
    queueMs,
    inferenceMs,
    passes,
    cold,
  } = await recognize({ samples, speech }, options, signal)
  return { transcript, queueMs, inferenceMs, passes, cold, audioMs }
}

/** Without voice activity and without any judgement of the text: what the level itself makes of a sound. */
const hearAnything: Hear = async ({ engines, language }, level, { samples, audioMs }, signal) => {
  const lease = await engines.acquire(level, OWNER, signal)
  try {
    const startedAt = performance.now()
    const spoken = language ?? (/\.en\b/.test(level.name) ? 'en' : 'auto')
    const request = {
      ...{ samples, audioContext: windowFor(audioMs), timestamps: false },
      ...{ language: spoken, timeoutMs: DECODE_WITHIN_MS },
    }
    const { segments } = await requestWhisper(lease.baseUrl, request, signal)
    const inferenceMs = performance.now() - startedAt
    const transcript = segments
      .map(({ text }) => text)
      .join('')
      .replace(/\s+/g, ' ')
      .trim()
    return { transcript, queueMs: lease.queueMs, inferenceMs, audioMs, passes: 1, cold: lease.cold }
  } finally {
    lease.release()
  }
}

function loadSteps(bench: SpeechBench, round: number): Step[] {
  // Each load counts as a round of its own.
  const turns = Array.from({ length: LOADS_A_ROUND }, (_, turn) => round * LOADS_A_ROUND + turn)
  return turns.flatMap(turn =>
    shuffled(armsOf(bench), seedOf(bench.seed, 'loads', turn)).map(
      ({ name, noise }): Step => ({
        side: 'speech',
        arm: name,
        noise,
        what: `loading ${name}`,
        measure: async signal => [await load(bench, { name, noise }, turn, signal)],
      }),
    ),
  )
}

/** From the start of a new process until it answers, and its memory after the first decoding. */
async function load(
  bench: SpeechBench,
  { name, noise }: Arm,
  round: number,
  signal: AbortSignal,
): Promise<Observation> {
  const level = await bench.levelFile(name, signal)
  const engines = bench.freshEngines()
  try {
    const startedAt = performance.now()
    const lease = await engines.acquire(level, OWNER, signal)
    const readyMs = performance.now() - startedAt
    lease.release()
    const loaded = (await engines.loaded()).find(model => model.name === name)
    return {
      kind: 'speech-load',
      ...made(noise),
      arm: name,
      round,
      loadMs: loaded?.loadMs ?? readyMs,
      residentBytes: loaded?.residentBytes ?? null,
      fileBytes: (await stat(level.path)).size,
      bitsPerWeight: await bitsPerWeightOf(level.path),
    }
  } finally {
    await engines.stop()
  }
}
