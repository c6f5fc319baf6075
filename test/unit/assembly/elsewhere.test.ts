import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, test } from 'vitest'
import type { Assembly } from '../../../server/assembly/assemble.ts'
import { infoOf, speechModelsOf } from '../../../server/assembly/inventory.ts'
import type { Provision } from '../../../server/assembly/provision.ts'
import { readConfig } from '../../../server/config.ts'

const LEVEL = 'moonshine-base.en-int8'
const SPEECH_URL = `${LEVEL}=http://a:1,${LEVEL}=http://b:2`
const { config } = readConfig({ flags: {}, environment: { SPEECH_URL }, dotEnv: {} })

const engine = (url: string, state: 'failed' | 'ready') => ({
  ...{ name: LEVEL, engine: 'moonshine', url, state, pid: null, residentBytes: null, cpuFeatures: null },
})
/** What is asked of a server whose two hosts of one level are of other people, the first of them away. */
const assembly = {
  speechEngines: { loaded: async () => [engine('http://a:1', 'failed'), engine('http://b:2', 'ready')] },
  ollama: {
    ready: () => ({ ready: false, detail: null }),
    owned: () => false,
    status: () => ({ state: 'starting' }),
    cpuFeatures: () => null,
  },
  speakers: {},
  stages: { settings: {}, store: { status: { recording: true, problem: null, unwritten: 0, spool: null } } },
  knownLanguageTag: () => null,
  whisperVersion: () => null,
} as unknown as Assembly

test('a level is loaded where one of its hosts has it', async () => {
  const levels = [{ name: LEVEL, installed: false }]
  const provision = { speechLevels: async () => levels } as unknown as Provision
  expect(await speechModelsOf(config, assembly, provision)).toMatchObject([
    { name: LEVEL, installed: true, loaded: true },
  ])
})

test('of a Moonshine elsewhere no version is told: that of this server is a guess', async () => {
  const { engines } = await infoOf(config, assembly, monitorEventLoopDelay(), null)
  const told = engines.filter(({ name }) => name === 'moonshine')
  expect(told.map(({ version, owned }) => ({ version, owned }))).toEqual([
    { version: null, owned: false },
    { version: null, owned: false },
  ])
})
