import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import type { Utterance } from '../../../server/audio/utterance.ts'
import { fixedSilence } from '../../../server/hearing/endpointing.ts'
import { createListener } from '../../../server/hearing/listener.ts'
import { trackerDefaults } from '../../../server/hearing/speechTracker.ts'
import { FRAME_SAMPLES, type VoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import type { SpeechClip } from '../speechClips.ts'
import { atLevel, inRoom } from '../turntaking/items/levels.ts'

export const LOUD_DB = -20
export const QUIET_DB = -45
/** At which what is no speech is heard, dBFS. */
export const LEVELS_DB = [-70, -60, -50, -40, -30, -20, -12] as const

/** Of the loud clip, and after it until the quiet one; that turn is over by then. */
const LOUD_MS = 4000
const BETWEEN_MS = 1500
/** After the sound, so that its last turn ends. */
const AFTER_MS = 1000
/** An utterance of the quiet clip may begin so much before it, for its pre-roll. */
const EARLY_MS = 200
const PRE_ROLL_MS = 400
const SILENCE_MS = 500

export type Begun = { utterances: Utterance[]; beginningsMs: number[] }

/** What a live session makes of the sound: its utterances, and where each begins, by the fixed silence. */
export async function hear(activity: VoiceActivity, samples: Int16Array): Promise<Begun> {
  const options = { ...trackerDefaults, endpointing: fixedSilence(SILENCE_MS), preRollMs: PRE_ROLL_MS }
  const listener = createListener(activity.open(), options)
  const begun: Begun = { utterances: [], beginningsMs: [] }
  for (let from = 0; from + FRAME_SAMPLES <= samples.length; from += FRAME_SAMPLES) {
    const event = await listener.push(samples.subarray(from, from + FRAME_SAMPLES))
    if (event?.type === 'started') begun.beginningsMs.push(event.positionMs)
    if (event?.type === 'ended') begun.utterances.push(event.utterance)
  }
  const last = listener.end()
  if (last !== null) begun.utterances.push(last)
  return begun
}

export type QuietSpeech = {
  /** After its beginning when it is loud and alone, milliseconds; Infinity where it is not heard. */
  lateMs: number
  loud: Utterance[]
  quiet: Utterance[]
  behindLoud: Utterance[]
}

/** A clip loud and alone, quiet and alone, and quiet behind another that is loud, each in a quiet room. */
export async function hearQuiet(
  activity: VoiceActivity,
  { samples }: SpeechClip,
  before: SpeechClip,
): Promise<QuietSpeech> {
  const after = new Int16Array(samplesIn(AFTER_MS))
  const loudFirst = somethingLoud(before)
  const fromMs = loudFirst.length / 16
  const at = (dB: number) => hear(activity, inRoom(joinSamples([atLevel(samples, dB), after])))
  const [loud, quiet] = [await at(LOUD_DB), await at(QUIET_DB)]
  const both = await hear(activity, inRoom(joinSamples([loudFirst, atLevel(samples, QUIET_DB), after])))
  const beganMs = both.beginningsMs.find(ms => ms >= fromMs - EARLY_MS) ?? Number.POSITIVE_INFINITY
  return {
    lateMs: beganMs - fromMs - (loud.beginningsMs[0] ?? 0),
    ...{ loud: loud.utterances, quiet: quiet.utterances },
    behindLoud: both.utterances.filter(({ lastVoicedMs }) => lastVoicedMs > fromMs),
  }
}

/** Levels at which a clip that is no speech begins a turn all the same, by itself or behind something loud. */
export async function levelsHeard(
  activity: VoiceActivity,
  { samples }: SpeechClip,
  before: SpeechClip,
): Promise<string[]> {
  const loudFirst = somethingLoud(before)
  const loudFromMs = loudFirst.length / 16 - EARLY_MS
  const heard: string[] = []
  for (const dB of LEVELS_DB) {
    const sound = atLevel(samples, dB)
    if ((await hear(activity, sound)).beginningsMs.length > 0) heard.push(`${dB} dBFS`)
    const { beginningsMs } = await hear(activity, joinSamples([loudFirst, sound]))
    if (beginningsMs.some(ms => ms >= loudFromMs)) heard.push(`${dB} dBFS behind something loud`)
  }
  return heard
}

function somethingLoud({ samples }: SpeechClip): Int16Array {
  const loud = atLevel(samples, LOUD_DB).subarray(0, samplesIn(LOUD_MS))
  return joinSamples([loud, new Int16Array(samplesIn(BETWEEN_MS))])
}
