import { durationMs } from '../../../audio/pcm.ts'
import { residentBytes } from '../../../engines/memory.ts'
import { recognizeClip } from '../../../recognition/recognizer.ts'
import type { Stages } from '../../../session/stages.ts'
import type { LabVoices, OwnVoices } from '../../dependencies.ts'
import type { SpokenText } from '../../input.ts'
import type { VoiceLoad, VoicePlan, VoiceSpoken } from '../../observations.ts'
import { type BlockWork, blocksOf } from '../blocks.ts'
import { type MeasuredArm, made, OWNER, type Phase, type When } from '../step.ts'
import { spokenReply } from './spokenReply.ts'

/** Texts that a voice speaks in one process: fewer than four blocks tell nothing of how far apart processes lie. */
const TEXTS_AT_ONCE = 8
/** Spoken before anything counts: what a process does once, it does with it. */
const FIRST_TEXT = 'It is ready. This is the first sentence that it says.'
export type VoiceBench = VoicePlan & {
  rounds: number
  /** Decides the order of the arms; that of the texts is the same in every run. */
  seed: number
  voices: LabVoices
  stages: Pick<Stages, 'recognizer' | 'findSpeech' | 'speechLevel'>
}

/**
 * Loading, and speaking of all texts, of every voice; the voices take turns, in an order that changes, each time in a process of their
 * own. What is spoken in the first round is heard by the ear, always the same one.
 */
export function voicePhase(bench: VoiceBench, share: number): Phase {
  let own: OwnVoices | null = null
  const clear = async () => {
    const ending = own
    own = null
    await ending?.stop()
  }
  const ownVoices = () => (own ??= bench.voices.open())
  const noiseOf = bench.arms[0]?.name ?? null
  return {
    name: 'voices',
    what: 'texts spoken by voices',
    share,
    end: clear,
    units: async () => {
      const work: BlockWork<SpokenText> = {
        ...{ side: 'voice', items: 'texts', of: bench.texts },
        atOnce: { first: TEXTS_AT_ONCE, later: TEXTS_AT_ONCE },
        async load(arm, block, signal) {
          await clear()
          return load(bench, ownVoices(), arm, block, signal)
        },
        doing: ({ text }) => `says "${text}"`,
        measure: (arm, text, when, signal) => speak(bench, ownVoices(), arm, text, when, signal),
        unload: clear,
      }
      return blocksOf(work, { ...bench, noiseOf })
    },
  }
}

async function load(
  { voices }: VoiceBench,
  own: OwnVoices,
  { name, noise }: MeasuredArm,
  round: number,
  signal: AbortSignal,
): Promise<VoiceLoad> {
  const startedAt = performance.now()
  await own.warm(name, signal)
  const loadMs = performance.now() - startedAt
  await spokenReply(own.voice(name), FIRST_TEXT, signal)
  const pid = own.pid(name)
  return {
    kind: 'voice-load',
    ...made(noise),
    arm: name,
    round,
    // One that another program serves is loaded by that.
    loadMs: pid === null ? null : loadMs,
    residentBytes: pid === null ? null : await residentBytes(pid),
    fileBytes: voices.model(name).sizeBytes,
  }
}

async function speak(
  bench: VoiceBench,
  own: OwnVoices,
  { name, noise }: MeasuredArm,
  { id, text }: SpokenText,
  when: When,
  signal: AbortSignal,
): Promise<VoiceSpoken> {
  // Where the run goes on in the middle of a block, or the process crashed.
  await own.warm(name, signal)
  const { firstAudioMs, silentMs, totalMs, samples } = await spokenReply(own.voice(name), text, signal)
  return {
    kind: 'voice-spoken',
    ...made(noise),
    arm: name,
    ...when,
    text: id,
    ...{ firstAudioMs, silentMs, totalMs, audioMs: durationMs(samples.length) },
    transcript: when.round === 0 ? await heard(bench, samples, signal) : null,
  }
}

async function heard({ stages, ear }: VoiceBench, samples: Int16Array, signal: AbortSignal): Promise<string> {
  const model = await stages.speechLevel(ear, signal)
  const speech = await stages.findSpeech(samples, signal)
  const options = { model, language: 'en', owner: OWNER }
  return (await recognizeClip(stages.recognizer, samples, speech, options, signal)).text
}
