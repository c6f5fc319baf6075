import { expect, test } from 'vitest'
import type { Assembly } from '../../../server/assembly/assemble.ts'
import { labOf } from '../../../server/assembly/lab.ts'
import type { Provision } from '../../../server/assembly/provision.ts'
import { readConfig } from '../../../server/config.ts'
import type { ReplyAudio } from '../../../server/record/replyAudio.ts'
import { quietLog } from '../../support/quietLog.ts'

test('a comparison makes no tag in an Ollama that is not ours, and says that this is why', async () => {
  const made: string[] = []
  const lab = (owned: boolean) => {
    const ollama = { owned: () => owned, url: async () => 'http://127.0.0.1:1' }
    const assembly = { ollama, languageModels: {} } as unknown as Assembly
    const provision = {
      makeLanguageModel: async (tag: string) => made.push(tag) > 0,
    } as unknown as Provision
    const { config } = readConfig({ flags: {}, environment: {}, dotEnv: {} })
    return labOf(config, assembly, provision, {} as ReplyAudio, quietLog())
  }
  const { signal } = new AbortController()
  await expect(lab(false).makeLanguageModel('a:1b-q8_0', signal)).rejects.toThrow('is not ours')
  expect(made).toEqual([])
  expect(await lab(true).makeLanguageModel('a:1b-q8_0', signal)).toBe(true)
})
