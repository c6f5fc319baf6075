import { expect, test } from 'vitest'
import { defaultVoice } from '../../../server/assembly/voiceChoice.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import { FALLBACK_VOICE, PREFERRED_VOICE } from '../../../server/shared/defaults/voiceDefaults.ts'
import { quietLog } from '../../support/quietLog.ts'

const never = new AbortController().signal

test('the preferred voice speaks where it can be had', async () => {
  expect(await defaultVoice(async () => {}, never, quietLog())).toBe(PREFERRED_VOICE)
})

test('where it cannot, the one that is always here does', async () => {
  const none = () => Promise.reject(new QuantvoxError('engine_unavailable', '`pip` is not installed.'))
  expect(await defaultVoice(none, never, quietLog())).toBe(FALLBACK_VOICE)
})

test('a stop of the server chooses none', async () => {
  const stopping = new AbortController()
  const warm = async () => {
    stopping.abort(new Error('stopping'))
    throw new QuantvoxError('engine_unavailable', 'It ended.')
  }
  await expect(defaultVoice(warm, stopping.signal, quietLog())).rejects.toThrow('stopping')
})
