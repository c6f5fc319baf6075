import { stat } from 'node:fs/promises'
import { isMoonshine } from '../../engineLease.ts'
import { cpuSeconds } from '../../engines/cpuTime.ts'
import type { SpeechEngines } from '../../engines/whisper/speechEngines.ts'
import { requestMoonshine } from '../../recognition/moonshine/moonshineServer.ts'
import { recognizeClip, type SpeechLevel } from '../../recognition/recognizer.ts'
import { createSpeechRecognizer } from '../../recognition/speechRecognizer.ts'
import { requestWhisper } from '../../recognition/whisper/whisperServer.ts'
import { windowFor } from '../../recognition/whisper/window.ts'
import { languageFor } from '../../spokenLanguage.ts'
import type { Observation, SpeechArm, SpeechDecode } from '../observations.ts'
import { type BlockWork, blocksOf } from './blocks.ts'
import type { LabClip } from './clips.ts'
import type { SpeechPlace } from './speechPlace.ts'
import { armKey, type MeasuredArm, made, OWNER, type Phase, type When } from './step.ts'
import { bitsPerWeightOf } from './whisperFile.ts'

/** Clips that a level hears in one process, unless loads cost more than they do: few, so that levels take turns often. */
const CLIPS_AT_ONCE = 6
/** Blocks to aim at where there are few clips. */
const BLOCKS = 6
/** Blocks that a round has at least: fewer than four tell nothing of how far apart processes lie. */
const LEAST_BLOCKS = 4
const DECODE_WITHIN_MS = 120_000

export type SpeechBench = {
  arms: readonly SpeechArm[]
  /** The level that is measured once more. */
  noiseOf: string | null
  clips: readonly LabClip[]
  language: string | null
  rounds: number
  /** Decides the order of the arms; that of the clips is the same in every run, so that two runs can be compared. */
  seed: number
  levelFile(name: string, signal: AbortSignal): Promise<SpeechLevel>
  place: SpeechPlace
}

/**
 * Loading, and encoding with decoding, of every level; the levels take turns, in an order that changes. Each turn has a
 * process of its own: two processes of one level differ by more than two decodings in one of them.
 */
export function speechPhase(bench: SpeechBench, share: number): Phase {
  return {
    name: 'speech',
    what: 'decodings of clips',
    share,
    end: bench.place.clear,
    units: async observed => {
      const work: BlockWork<LabClip> = {
        ...{ side: 'speech', items: 'clips', of: bench.clips },
        atOnce: clipsAtOnce(observed, bench.clips.length, bench.rounds),
        load: (arm, block, signal) => load(bench, arm, block, signal),
        doing: clip => `hears ${clip.id}`,
        measure: (arm, clip, when, signal) => decode(bench, arm, clip, when, signal),
        unload: () => bench.place.clear(),
      }
      return blocksOf(work, bench)
    },
  }
}

/**
 * Clips in the first block of a run and in the others. Where a load takes longer than six clips, as by what the first block showed, blocks
 * are so long that clips take as long as loads, as far as a round still has four. The first block alone decides, so that a run that is gone
 * on with has the same ones.
 */
export function clipsAtOnce(
  observed: readonly Observation[],
  clips: number,
  rounds: number,
): BlockWork<LabClip>['atOnce'] {
  const first = Math.max(1, Math.min(CLIPS_AT_ONCE, Math.floor((rounds * clips) / BLOCKS)))
  const meanOf = (times: readonly number[]) => times.reduce((sum, ms) => sum + ms, 0) / times.length
  const loads = observed.flatMap(one => (one.kind === 'speech-load' && one.round === 0 ? [one.loadMs] : []))
  const heard = observed.flatMap(one =>
    one.kind === 'speech-decode' && one.block === 0 ? [one.inferenceMs] : [],
  )
  if (loads.length === 0 || heard.length === 0) return { first, later: first }
  const longest = Math.floor((clips - first) / (LEAST_BLOCKS - 1))
  const wanted = Math.ceil(meanOf(loads) / meanOf(heard))
  return { first, later: Math.max(first, Math.min(longest, wanted)) }
}

async function decode(
  bench: SpeechBench,
  { name, noise }: MeasuredArm,
  clip: LabClip,
  when: When,
  signal: AbortSignal,
): Promise<SpeechDecode> {
  const level = await bench.levelFile(name, signal)
  const engines = await bench.place.enginesOf(armKey({ arm: name, noise }))
  const hear = () => (clip.kind === 'speech' ? hearSpeech : hearAnything)(bench, engines, level, clip, signal)
  const processes = async () => (await engines.loaded()).flatMap(({ pid }) => (pid === null ? [] : [pid]))
  let pids = await processes()
  let cpuBefore = await cpuSeconds(pids)
  let heard = await hear()
  if (heard.cold) {
    // The process crashed, or the run goes on in the middle of a block: what a first decoding costs more is no part of it.
    pids = await processes()
    cpuBefore = await cpuSeconds(pids)
    heard = await hear()
  }
  const cpuAfter = await cpuSeconds(pids)
  const { transcript, queueMs, inferenceMs, audioMs, passes } = heard
  return {
    kind: 'speech-decode',
    ...made(noise),
    arm: name,
    ...when,
    clip: clip.id,
    ...{ transcript, queueMs, inferenceMs, audioMs, passes },
    cpuSeconds: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
  }
}

type Heard = Pick<SpeechDecode, 'transcript' | 'queueMs' | 'inferenceMs' | 'audioMs' | 'passes'> & {
  cold: boolean
}
type Hear = (
  bench: SpeechBench,
  engines: SpeechEngines,
  level: SpeechLevel,
  clip: LabClip,
  signal: AbortSignal,
) => Promise<Heard>

/** As turns do it: silence cut off, the window by the length, again with the full one where it loops. */
const hearSpeech: Hear = async ({ language }, engines, level, { samples, speech, audioMs }, signal) => {
  const recognizer = createSpeechRecognizer({ acquire: engines.acquire })
  const options = { model: level, language, owner: OWNER }
  const heard = await recognizeClip(recognizer, samples, speech, options, signal)
  const { text: transcript, queueMs, inferenceMs, passes, cold } = heard
  return { transcript, queueMs, inferenceMs, passes, cold, audioMs }
}

/** Without voice activity and without any judgement of the text: what the level itself makes of a sound. */
async function madeOf(
  baseUrl: string,
  level: SpeechLevel,
  language: string | null,
  { samples, audioMs }: Pick<LabClip, 'samples' | 'audioMs'>,
  signal: AbortSignal,
): Promise<string> {
  const timeoutMs = DECODE_WITHIN_MS
  if (isMoonshine(level))
    return (await requestMoonshine(baseUrl, { samples, draft: [], timeoutMs }, signal)).text
  const request = {
    ...{ samples, audioContext: windowFor(audioMs), timestamps: false, timeoutMs },
    language: languageFor(level.name, language),
  }
  const { segments } = await requestWhisper(baseUrl, request, signal)
  const text = segments.map(segment => segment.text).join('')
  return text.replace(/\s+/g, ' ').trim()
}

const hearAnything: Hear = async ({ language }, engines, level, clip, signal) => {
  const lease = await engines.acquire(level, OWNER, signal)
  try {
    const startedAt = performance.now()
    const transcript = await madeOf(lease.baseUrl, level, language, clip, signal)
    const inferenceMs = performance.now() - startedAt
    const { queueMs, cold } = lease
    return { transcript, queueMs, inferenceMs, audioMs: clip.audioMs, passes: 1, cold }
  } finally {
    lease.release()
  }
}

/** From the start of a new process until it answers, and its memory after the first decoding. */
async function load(
  { place, levelFile }: SpeechBench,
  { name, noise }: MeasuredArm,
  round: number,
  signal: AbortSignal,
): Promise<Observation> {
  const level = await levelFile(name, signal)
  await place.clear()
  const engines = await place.enginesOf(armKey({ arm: name, noise }))
  const startedAt = performance.now()
  const lease = await engines.acquire(level, OWNER, signal).catch(async (error: unknown) => {
    // A live turn that came first must not share the processor with a load that nobody waits for.
    await place.clear()
    throw error
  })
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
}
