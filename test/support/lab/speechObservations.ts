import type { Observation, Plan, SpeechDecode } from '../../../server/lab/observations.ts'
import { at, drawn, jitter } from './made.ts'

type Shape = { ms: number; errors: number; fileMB: number; residentMB: number; bits: number }

/** By construction: q8_0 is faster at the same errors, q4_0 fastest with many more; base errs less and takes longer. */
const shapes: Readonly<Record<string, Shape>> = {
  'whisper-tiny.en-f16': { ms: 460, errors: 0.06, fileMB: 77.7, residentMB: 148, bits: 16 },
  'whisper-tiny.en-q8_0': { ms: 350, errors: 0.06, fileMB: 43.6, residentMB: 115, bits: 8.5 },
  'whisper-tiny.en-q5_1': { ms: 400, errors: 0.065, fileMB: 32.2, residentMB: 104, bits: 6 },
  'whisper-tiny.en-q4_0': { ms: 220, errors: 0.24, fileMB: 25.3, residentMB: 98, bits: 4.5 },
  'whisper-base-f16': { ms: 900, errors: 0.01, fileMB: 148, residentMB: 240, bits: 16 },
  'whisper-base-q4_0': { ms: 423, errors: 0.02, fileMB: 46.5, residentMB: 140, bits: 4.5 },
}
const unknown: Shape = { ms: 500, errors: 0.05, fileMB: 50, residentMB: 120, bits: 8 }

/** Clips that a level hears in one process. */
const CLIPS_AT_ONCE = 3

export function observeSpeech({ speech, clips, reference }: Plan, rounds: number): Observation[] {
  const arms = [
    ...speech.map(({ name }) => ({ arm: name, noise: false })),
    ...(reference.speech === null ? [] : [{ arm: reference.speech, noise: true }]),
  ]
  const blocks = Math.ceil(clips.length / CLIPS_AT_ONCE)
  return Array.from({ length: rounds * blocks }, (_, block) => {
    const round = Math.floor(block / blocks)
    const some = clips.slice((block % blocks) * CLIPS_AT_ONCE).slice(0, CLIPS_AT_ONCE)
    return arms.flatMap(({ arm, noise }): Observation[] => {
      const shape = shapes[arm] ?? unknown
      const made = { at, noise, disturbed: false, arm }
      return [
        {
          kind: 'speech-load',
          ...made,
          round: block,
          loadMs: 120 * jitter(0.1, arm, noise ? 1 : 0, block, 'load'),
          residentBytes: Math.round(
            shape.residentMB * 1e6 * jitter(0.004, arm, noise ? 1 : 0, block, 'memory'),
          ),
          fileBytes: Math.round(shape.fileMB * 1e6),
          bitsPerWeight: shape.bits,
        },
        ...some.map(({ id, text, audioMs, kind }): SpeechDecode => {
          const inferenceMs =
            shape.ms * (0.7 + audioMs / 20_000) * jitter(0.03, arm, noise ? 1 : 0, id, round)
          return {
            kind: 'speech-decode',
            ...made,
            ...{ round, block },
            clip: id,
            transcript: kind === 'nonspeech' ? ' you' : heard(text ?? '', id, shape.errors),
            queueMs: 0.1,
            inferenceMs,
            audioMs,
            passes: shape.errors > 0.2 && drawn(id, 'loop') > 0.9 ? 2 : 1,
            cpuSeconds: (inferenceMs / 1000) * 1.9,
          }
        }),
      ]
    })
  }).flat()
}

/** A word is lost or misheard if its draw lies below the rate, so a level with more errors has those of the others too. */
function heard(text: string, clip: string, rate: number): string {
  return text
    .split(' ')
    .map((word, i) => (drawn(clip, i, word) < rate ? (drawn(i, word) < 0.4 ? '' : `${word}ish`) : word))
    .join(' ')
}
