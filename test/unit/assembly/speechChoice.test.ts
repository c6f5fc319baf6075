import { expect, test } from 'vitest'
import { defaultSpeechModel } from '../../../server/assembly/speechChoice.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import type { SpeechModel } from '../../../server/protocol/models.ts'
import {
  comparedByDefault,
  FALLBACK_SPEECH_MODEL,
  PREFERRED_SPEECH_MODEL,
} from '../../../server/shared/defaults/speechDefaults.ts'
import { quietLog } from '../../support/quietLog.ts'

/** Chooses where `installed` are here and `had` can be got; gives the choice, and what was asked for. */
async function choice(installed: string[], had: string[], hangs = false) {
  const asked: string[] = []
  const model = await defaultSpeechModel(
    {
      speechLevels: async () => installed.map(name => ({ name, installed: true }) as SpeechModel),
      async speechLevel(name) {
        asked.push(name)
        if (hangs) await new Promise(() => {})
        if (had.includes(name)) return { name, path: '/there', digest: null, quantization: null }
        throw new QuantvoxError('engine_unavailable', 'python3 is not installed.')
      },
    },
    () => {},
    new AbortController().signal,
    quietLog(),
  )
  return { model, asked }
}

const both = [PREFERRED_SPEECH_MODEL, FALLBACK_SPEECH_MODEL]

test('what is here hears at once, the preferred model first, and the other is got beside', async () => {
  expect(await choice(both, [])).toEqual({ model: PREFERRED_SPEECH_MODEL, asked: [] })
  expect(await choice([PREFERRED_SPEECH_MODEL], [], true)).toEqual({
    model: PREFERRED_SPEECH_MODEL,
    asked: [FALLBACK_SPEECH_MODEL],
  })
  expect(await choice([FALLBACK_SPEECH_MODEL], both, true)).toEqual({
    model: FALLBACK_SPEECH_MODEL,
    asked: [PREFERRED_SPEECH_MODEL],
  })
})

test('where neither is here the preferred one is got, and Whisper hears where it cannot be had', async () => {
  expect(await choice([], both)).toEqual({ model: PREFERRED_SPEECH_MODEL, asked: both })
  expect((await choice([], [PREFERRED_SPEECH_MODEL])).model).toBe(PREFERRED_SPEECH_MODEL)
  expect((await choice([], [FALLBACK_SPEECH_MODEL])).model).toBe(FALLBACK_SPEECH_MODEL)
  // Its own failure is told when it is asked for.
  expect((await choice([], [])).model).toBe(FALLBACK_SPEECH_MODEL)
})

test('by default Moonshine is compared with the ladder of Whisper, and a Whisper level with its family', () => {
  expect(comparedByDefault(PREFERRED_SPEECH_MODEL)).toEqual([FALLBACK_SPEECH_MODEL, PREFERRED_SPEECH_MODEL])
  expect(comparedByDefault('whisper-base-q5_1')).toEqual(['whisper-base-q5_1'])
})
