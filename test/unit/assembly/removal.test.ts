import { describe, expect, test } from 'vitest'
import type { Assembly } from '../../../server/assembly/assemble.ts'
import { removeLanguageModelOf, removeSpeechModelOf } from '../../../server/assembly/inventory.ts'
import type { Provision } from '../../../server/assembly/provision.ts'
import { fakeLanguageModel } from '../../support/fakes/fakeStages.ts'

const signal = new AbortController().signal
const tag = (name: string, loaded: boolean) => ({ ...fakeLanguageModel, name, loaded })

/** An assembly that uses the first of each, has the second loaded and the third on the disk only. */
function scene() {
  const removed: string[] = []
  const assembly = {
    knownLanguageTag: () => 'a:1b-q8_0',
    ollama: { url: async () => 'http://127.0.0.1:1' },
    languageModels: {
      list: async () => [tag('a:1b-q8_0', false), tag('b:1b-q8_0', true), tag('c:latest', false)],
    },
    stages: { settings: { speechModel: 'whisper-tiny.en-q8_0' } },
    speechEngines: { loaded: async () => [{ name: 'whisper-base-q8_0' }] },
  } as unknown as Assembly
  const provision = {
    removeLanguageModel: async name => void removed.push(name) === undefined,
    removeSpeechLevel: async name => {
      removed.push(name)
      return name === 'whisper-base-q4_0'
    },
  } as Partial<Provision> as Provision
  return {
    removed,
    language: (name: string) => removeLanguageModelOf(assembly, provision, name, signal),
    speech: (name: string) => removeSpeechModelOf(assembly, provision, name),
  }
}

describe('a tag', () => {
  test('that is here and that nobody uses is deleted, by the name that Ollama has for it', async () => {
    const { removed, language } = scene()
    await language('c')
    expect(removed).toEqual(['c:latest'])
  })

  test.each([
    ['a:1b-q8_0', 'invalid_state', /answers where nothing else is chosen/, /Set LLM_MODEL/],
    ['b:1b-q8_0', 'invalid_state', /is loaded/, /KEEP_ALIVE.*models remove b:1b-q8_0/],
    ['d:1b', 'model_not_found', /"d:1b" is not installed/, /./],
  ])('%s is kept: %s', async (name, code, message, mend) => {
    const { removed, language } = scene()
    await expect(language(name)).rejects.toMatchObject({
      ...{ code, message: expect.stringMatching(message), mend: expect.stringMatching(mend) },
    })
    expect(removed).toEqual([])
  })
})

describe('a speech level', () => {
  test('that is here and that nobody uses is deleted', async () => {
    const { removed, speech } = scene()
    await speech('whisper-base-q4_0')
    expect(removed).toEqual(['whisper-base-q4_0'])
  })

  test.each([
    ['whisper-tiny.en-q8_0', /hears where nothing else is chosen/, /Set SPEECH_MODEL/],
    ['whisper-base-q8_0', /is loaded/, /three others.*models remove whisper-base-q8_0/],
  ])('%s is kept', async (name, message, mend) => {
    const { removed, speech } = scene()
    await expect(speech(name)).rejects.toMatchObject({
      ...{
        code: 'invalid_state',
        message: expect.stringMatching(message),
        mend: expect.stringMatching(mend),
      },
    })
    expect(removed).toEqual([])
  })

  test('that is not here is told', async () => {
    await expect(scene().speech('whisper-base-q5_0')).rejects.toMatchObject({ code: 'model_not_found' })
  })
})
