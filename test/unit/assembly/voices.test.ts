import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { voiceModel } from '../../../server/assembly/voices.ts'
import { fliteModule } from '../../../server/engines/flite/flite.ts'
import { fliteVoices } from '../../../server/voice/flite/flite.ts'
import { neuralVoices } from '../../../server/voice/neural/neural.ts'

test('the hash and size of flite are those of the file in its package', () => {
  const bytes = readFileSync(fliteModule.path)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(fliteModule.sha256)
  expect(bytes.length).toBe(fliteModule.sizeBytes)
})

test('of every voice of ours it is known what it is made of, of others nothing', () => {
  for (const name of [...fliteVoices.keys(), ...neuralVoices.keys()])
    expect(voiceModel(name).digest, name).toMatch(/^[0-9a-f]{64}$/)
  expect(voiceModel('hibari:heart').quantization).toBe('int8')
  for (const name of ['remote:alloy', 'browser', 'none'])
    expect(voiceModel(name)).toMatchObject({ digest: null, quantization: null })
})
