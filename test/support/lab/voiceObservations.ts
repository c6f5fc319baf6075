import type { Observation, Plan, VoiceArm, VoicePlan } from '../../../server/lab/observations.ts'
import { texts } from '../../../server/lab/texts/texts.ts'
import { at, drawn, jitter } from './made.ts'

export const heart = 'hibari:heart'
export const slt = 'flite:slt'
export const rms = 'flite:rms'

type Shape = { firstMs: number; silentMs: number; realTime: number; errors: number; residentMB: number }

/** By construction: slt is heard later than heart and less well understood; rms is sooner, and understood as well. */
const shapes: Readonly<Record<string, Shape>> = {
  [heart]: { firstMs: 40, silentMs: 30, realTime: 0.03, errors: 0.03, residentMB: 190 },
  [slt]: { firstMs: 60, silentMs: 120, realTime: 0.02, errors: 0.3, residentMB: 140 },
  [rms]: { firstMs: 30, silentMs: 20, realTime: 0.02, errors: 0.03, residentMB: 140 },
}

const voiceArm = (name: string): VoiceArm => ({
  name,
  engine: name.slice(0, name.indexOf(':')),
  quantization: name === heart ? 'int8' : null,
  parameterSize: name === heart ? '6M' : null,
  digest: name.replace(/\W/g, '').padEnd(64, '0'),
  reference: name === heart ? null : heart,
})

export const voicePlan: VoicePlan = {
  arms: [heart, slt, rms].map(voiceArm),
  texts: [...texts],
  ear: 'moonshine-base.en-int8',
}

const TEXTS_AT_ONCE = 8

export function observeVoices({ voices }: Plan, rounds: number): Observation[] {
  if (voices === undefined) return []
  const arms = [
    ...voices.arms.map(({ name }) => ({ arm: name, noise: false })),
    { arm: voices.arms[0]?.name ?? '', noise: true },
  ]
  const blocks = Math.ceil(voices.texts.length / TEXTS_AT_ONCE)
  return Array.from({ length: rounds * blocks }, (_, block) => {
    const round = Math.floor(block / blocks)
    const some = voices.texts.slice((block % blocks) * TEXTS_AT_ONCE).slice(0, TEXTS_AT_ONCE)
    return arms.flatMap(({ arm, noise }): Observation[] => {
      const shape = shapes[arm] ?? { firstMs: 50, silentMs: 50, realTime: 0.1, errors: 0.1, residentMB: 100 }
      const made = { at, noise, disturbed: false, arm }
      const around = (value: number, ...what: string[]) =>
        value * jitter(0.03, arm, noise ? 1 : 0, block, ...what)
      return [
        {
          kind: 'voice-load',
          ...made,
          round: block,
          loadMs: around(600, 'load'),
          residentBytes: Math.round(
            shape.residentMB * 1e6 * jitter(0.004, arm, noise ? 1 : 0, block, 'memory'),
          ),
          fileBytes: arm === heart ? 14_032_178 : 21_530_456,
        },
        ...some.map(({ id, said }): Observation => {
          const audioMs = said.length * 60
          return {
            kind: 'voice-spoken',
            ...made,
            ...{ round, block },
            text: id,
            firstAudioMs: around(shape.firstMs, id, 'first'),
            silentMs: shape.silentMs,
            totalMs: around(shape.realTime * audioMs, id, 'all'),
            audioMs,
            transcript: round > 0 ? null : misheard(said, id, shape.errors),
          }
        }),
      ]
    })
  }).flat()
}

function misheard(said: string, id: string, rate: number): string {
  return said
    .split(' ')
    .map((word, i) => (drawn(id, i, word) < rate ? `${word}ish` : word))
    .join(' ')
}
