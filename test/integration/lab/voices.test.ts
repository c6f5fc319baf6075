import { describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { comparisons, ended, everything, fake, observed } from '../../support/lab/labOfTest.ts'

const { signal } = new AbortController()

describe('the voices of a comparison', () => {
  test('are spoken in processes of their own, heard once by one level, and compared with the first', async () => {
    const { id } = await comparisons.create({ voices: ['flite:slt', 'flite:rms'], rounds: 2 }, signal)
    const { phases } = await ended(id)
    expect(phases).toEqual(['prepare', 'voices', 'judge'])
    const result = await comparisons.result(id)
    expect(result.failures).toEqual([])
    expect(result.voices.map(({ name, reference }) => [name, reference])).toEqual([
      ['flite:slt', null],
      ['flite:rms', 'flite:slt'],
    ])
    const [slt, rms] = result.voices.map(({ figures }) => figures)
    expect([slt, rms].map(figures => figures?.wordErrorRate.value)).toEqual([0, 0])
    expect((rms?.firstSoundMs.value ?? 0) - (slt?.firstSoundMs.value ?? 0)).toBeGreaterThan(50)
    expect(slt?.residentBytes.value).toBeGreaterThan(1e6)
    expect(slt?.fileBytes.value).toBe(1000)
    expect(result.voices[0]?.digest).toMatch(/^flite:slt0/)

    const { started, now, atMost } = fake.voices.processes
    // Two blocks of eight texts in each of two rounds, by two voices and the first once more.
    expect({ started: started.length, now, atMost }).toEqual({ started: 2 * 2 * 3, now: 0, atMost: 1 })
    const spoken = (await observed(id)).filter(line => line.kind === 'voice-spoken')
    expect(spoken).toHaveLength(2 * 16 * 3)
    expect(spoken.filter(({ transcript }) => transcript !== null).every(({ round }) => round === 0)).toBe(
      true,
    )
  })

  test('an engine alone means all its voices; what the server does not speak with, and what is none, are refused', async () => {
    const { id } = await comparisons.create({ voices: ['flite'], rounds: 1 }, signal)
    await ended(id)
    expect((await comparisons.result(id)).voices.map(({ name }) => name)).toEqual(['flite:slt', 'flite:rms'])
    await expect(comparisons.create({ voices: ['browser'] }, signal)).rejects.toMatchObject({
      code: 'invalid_request',
    })
    await expect(comparisons.create({ voices: ['flit:slt'] }, signal)).rejects.toMatchObject({
      code: 'model_not_found',
    })
  })

  test('one that fails is left out, and the others are not', async () => {
    fake.voices.hooks.beforeSpeaking = voice => {
      if (voice === 'rms') throw new QuantvoxError('engine_failed', 'flite could not speak this.')
    }
    const { id } = await comparisons.create({ voices: ['flite:slt', 'flite:rms'], rounds: 1 }, signal)
    expect((await ended(id)).last).toMatchObject({ event: 'done' })
    const { voices, failures, recommendation } = await comparisons.result(id)
    expect(failures.map(({ what }) => what)).toContain('flite:rms: everything else of flite:rms')
    expect(voices[1]?.failures).toBeGreaterThan(0)
    expect(recommendation.voice).toBe('flite:slt')
  })

  test('with levels and tags, whole turns are spoken by them', async () => {
    const { id } = await comparisons.create(
      {
        ...everything(),
        ...{ speechModels: ['whisper-test-f16'], llmModels: ['fake:1b-fp16'] },
        ...{ voices: ['flite:slt', 'flite:rms'], rounds: 1, pairs: true },
      },
      signal,
    )
    await ended(id)
    const { pairs, failures } = await comparisons.result(id)
    expect(failures).toEqual([])
    expect(pairs.map(({ name }) => name)).toContain('whisper-test-f16 + fake:1b-fp16 + flite:slt')
    const turns = (await observed(id)).filter(line => line.kind === 'pair-turn')
    for (const { voice, record } of turns)
      expect(record).toMatchObject({ synthesis: { voice, digest: 'd'.repeat(64) } })
  })
})
