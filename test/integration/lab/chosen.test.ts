import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'
import { QuantvoxError } from '../../../server/errors.ts'
import { comparisons, ended, everything, fake } from '../../support/lab/labOfTest.ts'

const { signal } = new AbortController()

describe('levels of a named family that are not installed', () => {
  test('are made where what they are made of is here, and named as missing with why where not', async () => {
    const { lab } = fake
    const made = new Set(['whisper-test-f16'])
    const levels = await lab.speechModels()
    lab.speechModels = async () => levels.map(level => ({ ...level, installed: made.has(level.name) }))
    const { speechLevel } = lab.stages
    lab.stages.speechLevel = async (name, until) => {
      if (name.endsWith('q4_0')) throw new QuantvoxError('engine_failed', 'The disk is full.')
      made.add(name)
      return speechLevel(name, until)
    }
    lab.languageTags = () => ['fake:1b-q5_0', 'fake:1b-q8_0', 'fake:70b-q8_0']
    const { id } = await comparisons.create(everything(), signal)
    await ended(id)
    const { speech, notMeasured } = await comparisons.result(id)
    expect(speech.map(({ name }) => name)).toEqual(['whisper-test-f16', 'whisper-test-q8_0'])
    expect(notMeasured).toContainEqual({
      what: 'whisper-test-q4_0',
      why: 'It is not installed: The disk is full. "npx quantvox models pull whisper-test-q4_0" gets it.',
    })
    expect(notMeasured.map(({ what }) => what).filter(what => what.startsWith('fake:'))).toEqual([
      'fake:1b-q5_0',
    ])
  })

  test('a level by its whole name is made too; of a family of which nothing is here, none is', async () => {
    const { lab } = fake
    const { llmModels, ...speechOnly } = everything()
    const levels = await lab.speechModels()
    lab.speechModels = async () =>
      levels.map(level => ({ ...level, installed: level.quantization === 'f16' }))
    const { id } = await comparisons.create({ ...speechOnly, speechModels: ['whisper-test-q8_0'] }, signal)
    expect((await ended(id)).last).toEqual({ event: 'done', data: { id, state: 'done' } })
    expect((await comparisons.result(id)).speech.map(({ name }) => name)).toEqual(['whisper-test-q8_0'])
    lab.speechModels = async () => levels.map(level => ({ ...level, installed: false }))
    await expect(comparisons.create(everything(), signal)).rejects.toMatchObject({ code: 'model_not_found' })
  })
})

describe('what cannot be compared', () => {
  test.each([
    [
      { speechModels: ['whisper-tset'] },
      /There is no speech model named "whisper-tset".*nearest.*whisper-test.*models pull whisper-test-/,
    ],
    [{ llmModels: ['fake:2b'] }, /"fake:2b" is not installed.*models pull fake:2b/],
  ])('%o', async (request, message) => {
    const error = await comparisons.create(request, signal).catch(thrown => thrown)
    expect(error).toMatchObject({ code: 'model_not_found' })
    expect(error.line).toMatch(message)
  })

  test('a manifest that is a pipe counts as none instead of being waited for', async () => {
    const folder = await mkdtemp(join(fake.clips, 'pipe-'))
    await promisify(execFile)('mkfifo', [join(folder, 'manifest.json')])
    const { id } = await comparisons.create({ ...everything(), audio: { directory: folder } }, signal)
    expect((await ended(id)).last).toMatchObject({
      event: 'error',
      data: { code: 'not_found', mend: expect.stringMatching(/manifest\.json/) },
    })
  })

  test('a folder without a manifest fails the run with what mends it', async () => {
    const directory = await mkdtemp(join(fake.clips, 'empty-'))
    const { id } = await comparisons.create({ ...everything(), audio: { directory } }, signal)
    expect((await ended(id)).last).toMatchObject({
      event: 'error',
      data: { code: 'not_found', mend: expect.stringMatching(/manifest\.json/) },
    })
  })

  test('a folder that the operator did not name is refused at once, with the setting', async () => {
    const refused = comparisons.create({ ...everything(), audio: { directory: '/etc' } }, signal)
    await expect(refused).rejects.toMatchObject({
      code: 'not_found',
      line: expect.stringMatching(/AUDIO_DIRS/),
    })
    expect(comparisons.list()).toEqual([])
  })
})
