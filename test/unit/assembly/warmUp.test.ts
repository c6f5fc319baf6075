import { expect, test } from 'vitest'
import type { Assembly } from '../../../server/assembly/assemble.ts'
import type { Provision } from '../../../server/assembly/provision.ts'
import { createWarmUp } from '../../../server/assembly/warmUp.ts'
import { readConfig } from '../../../server/config.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import type { LanguageModel } from '../../../server/protocol/models.ts'
import { createFakeStages, fakeLanguageModel } from '../../support/fakes/fakeStages.ts'
import { quietLog } from '../../support/quietLog.ts'

/** Warms up over an Ollama that has no model; gives the tags that were put into it. */
async function pulledInto(
  owned: boolean,
  flags: Record<string, string>,
  find?: () => Promise<LanguageModel>,
) {
  const { config } = readConfig({
    flags: { VOICE: 'none', ENDPOINTING: 'silence', ...flags },
    environment: {},
    dotEnv: {},
  })
  const { stages, calls } = createFakeStages()
  if (find) stages.languageModel = find
  stages.settings.llmModel = async () => config.LLM_MODEL ?? 'chosen:1b'
  const pulled: string[] = []
  const assembly = {
    stages,
    ollama: { owned: () => owned, url: async () => 'http://127.0.0.1:1' },
    mcp: { connect: async () => {} },
    languageModels: { list: async () => [] },
    chooseSpeechModel: async () => stages.settings.speechModel,
    chooseVoice: async () => 'none',
  } as unknown as Assembly
  const provision = { languageModel: async (tag: string) => void pulled.push(tag) } as unknown as Provision
  const stopping = new AbortController()
  const warmUp = createWarmUp(config, assembly, provision, () => {}, quietLog())
  await warmUp.run(stopping.signal).ready.catch(() => {})
  stopping.abort()
  return { pulled, calls, missing: warmUp.missing() }
}

test('a model that runs elsewhere is not warmed', async () => {
  const refused = new QuantvoxError('remote_model_refused', 'big:cloud runs elsewhere.')
  const { missing, calls } = await pulledInto(false, { LLM_MODEL: 'big:cloud' }, () =>
    Promise.reject(refused),
  )
  expect(missing).toMatchObject([{ what: 'language model', why: expect.stringMatching(/runs elsewhere/) }])
  expect(calls).not.toContain('respond')
})

test('nor is one that may run there', async () => {
  const remote: LanguageModel = { ...fakeLanguageModel, loaded: false, remote: 'allowed' }
  const { missing, calls } = await pulledInto(false, { LLM_MODEL: 'big:cloud' }, async () => remote)
  expect([missing, calls]).toEqual([[], []])
})

test('nothing is put into an Ollama that is not ours unless it was named', async () => {
  const { pulled, missing } = await pulledInto(false, {})
  expect([pulled, missing]).toEqual([
    [],
    [
      {
        what: 'language model',
        why: expect.stringMatching(/does not have chosen:1b/),
        mend: expect.stringMatching(/models pull chosen:1b/),
      },
    ],
  ])
  expect((await pulledInto(false, { LLM_MODEL: 'named:1b' })).pulled).toEqual(['named:1b'])
  expect((await pulledInto(true, {})).pulled).toEqual(['chosen:1b'])
})

test('a speech engine that does not start keeps no typed question waiting', async () => {
  const { config } = readConfig({
    flags: { VOICE: 'none', ENDPOINTING: 'silence' },
    environment: {},
    dotEnv: {},
  })
  const { stages, calls } = createFakeStages()
  stages.speechLevel = () => Promise.reject(new QuantvoxError('engine_unavailable', 'whisper-server died.'))
  const languageModels = { list: async () => [fakeLanguageModel] }
  const chooseSpeechModel = async () => stages.settings.speechModel
  const ollama = { owned: () => true }
  const chooseVoice = async () => 'none'
  const mcp = { connect: async () => {} }
  const choices = { chooseSpeechModel, chooseVoice }
  const assembly = { stages, mcp, languageModels, ollama, ...choices } as unknown as Assembly
  const stopping = new AbortController()
  const warmUp = createWarmUp(config, assembly, {} as Provision, () => {}, quietLog())
  const { ready, readyForText } = warmUp.run(stopping.signal)
  await expect(ready).rejects.toMatchObject({ code: 'engine_unavailable' })
  await readyForText
  expect(calls).toContain('respond')
  expect(warmUp.missing()).toMatchObject([{ what: 'speech model' }])
  stopping.abort()
})

test('a default of ours is measured when all is ready, and gives its place to whoever asks meanwhile', async () => {
  const { config } = readConfig({
    flags: { VOICE: 'none', ENDPOINTING: 'silence' },
    environment: {},
    dotEnv: {},
  })
  const { stages } = createFakeStages()
  const lost = new AbortController()
  const released: string[] = []
  stages.settings.llmModel = async () => fakeLanguageModel.name
  stages.llm.spare = async () => {
    const lease = await stages.llm.acquire(fakeLanguageModel, 'test', new AbortController().signal)
    const release = () => void released.push('place')
    return { ...lease, release, lost: lost.signal, keep() {}, toldEnds: false, endsHere: async () => null }
  }
  const measured: string[] = []
  const checkLanguageTag: Provision['checkLanguageTag'] = async (tag, _ask, signal) => {
    measured.push(tag)
    await new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return null
  }
  const assembly = {
    stages,
    ollama: { owned: () => true, url: async () => 'http://127.0.0.1:1' },
    mcp: { connect: async () => {} },
    languageModels: { list: async () => [fakeLanguageModel] },
    chooseSpeechModel: async () => stages.settings.speechModel,
    chooseVoice: async () => 'none',
  } as unknown as Assembly
  const provision = { checkLanguageTag } as unknown as Provision
  const stopping = new AbortController()
  await createWarmUp(config, assembly, provision, () => {}, quietLog()).run(stopping.signal).ready
  await expect.poll(() => measured).toEqual([fakeLanguageModel.name])
  expect(released).toEqual([])
  lost.abort()
  await expect.poll(() => released).toEqual(['place'])
  stopping.abort()
})
