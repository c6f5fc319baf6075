import { samplesIn } from '../../../../server/audio/pcm.ts'
import { shuffled } from '../../../../server/shared/seeded.ts'
import { MAX_QUESTION_MS, type SpeechClip } from '../../speechClips.ts'
import { singleStretches, speakerOf } from './holds.ts'
import type { SoundItem } from './items.ts'
import { atLevel, inRoom, scaled } from './levels.ts'

/** How loud a person near the microphone is, dBFS; a television in the room is so much quieter. */
const NEAR_DB = -24
const TV_DB = [-20, -25, -30] as const
const TV_MS = 4000
const ECHO_DB = [-12, -20, -28, -34, -40] as const
const ECHO_DELAYS_MS = [50, 120, 200, 300] as const

/** Whole clips as somebody on television says them, each at each level, once somebody near has `asked`. */
export function televisionOf(clips: readonly SpeechClip[], asked: Int16Array): SoundItem[] {
  const spoken = clips.filter(({ kind }) => kind === 'speech')
  return spoken.flatMap(clip =>
    TV_DB.map((dB): SoundItem => {
      const fromMs = clip.found.segments[0]?.startMs ?? 0
      const part = clip.samples.subarray(samplesIn(fromMs), samplesIn(fromMs + TV_MS))
      const samples = inRoom(scaled(atLevel(part, NEAR_DB), dB))
      return { set: 'tv', clip: clip.file, speaker: speakerOf(clip), samples, echo: null, asked }
    }),
  )
}

/** What the folder has of sounds that are made over a reply. */
export function recordedSounds(clips: readonly SpeechClip[]): SoundItem[] {
  return clips.flatMap(clip => {
    const { kind, file } = clip
    if (kind === 'speech' || kind === 'nonspeech') return []
    const samples = inRoom(atLevel(clip.samples, NEAR_DB))
    return [{ set: kind, clip: file, speaker: speakerOf(clip), samples, echo: null }]
  })
}

/** The reply's own echo at each level and delay, as a client without echo cancellation sends it. */
export function echoes(seed: number): SoundItem[] {
  const all = ECHO_DB.flatMap(dB =>
    ECHO_DELAYS_MS.map((delayMs): SoundItem => {
      const clip = `echo ${dB} dB, ${delayMs} ms`
      return {
        set: 'echo',
        clip,
        speaker: `echo ${delayMs} ms`,
        samples: new Int16Array(),
        echo: { dB, delayMs },
      }
    }),
  )
  return shuffled(all, seed)
}

/** Another question, asked over the reply. */
export function questionsOver(clips: readonly SpeechClip[]): SoundItem[] {
  const short = singleStretches(clips).filter(
    ({ clip, speechMs }) => clip.kind === 'speech' && speechMs < MAX_QUESTION_MS,
  )
  return short.map(({ clip, samples }) => ({
    ...{ set: 'question', clip: clip.file, speaker: speakerOf(clip), echo: null },
    samples: inRoom(atLevel(samples, NEAR_DB)),
  }))
}
