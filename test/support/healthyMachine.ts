import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { expect } from 'vitest'
import { examine } from '../../scripts/doctor/examine.ts'
import type { Facts } from '../../scripts/doctor/facts.ts'
import type { Finding, Report } from '../../scripts/doctor/finding.ts'
import { type Config, readConfig } from '../../server/config.ts'
import { freePort } from '../../server/engines/ports.ts'
import { openTurnStore, TURN_FILE_NAME } from '../../server/record/sqlite/store.ts'
import { type ScriptedOllama, scriptedOllama } from './engines/scriptedOllama.ts'
import { makeTurns } from './record/records.ts'

const engine = resolve(import.meta.dirname, 'scriptedServer/engine.sh')
const speechModel = 'whisper-tiny.en-q8_0'
export const GB = 1e9

/** A machine where all is well, on scripted engines, for tests of the doctor that plant a fault in it. */
export type HealthyMachine = {
  folder: string
  config: Config
  facts: Facts
  /** The file of the chosen speech model. */
  speechModelPath: string
  /** Sets variables of the scripted engines; `close` takes them back. */
  plant(variables: Record<string, string>): void
  /** Has an Ollama run at `config.OLLAMA_HOST`. */
  runOllama(version: string, address?: string): Promise<ScriptedOllama>
  /** Makes a record of some turns; its path. */
  putRecord(): string
  /** Is closed with the machine. */
  closing: (() => unknown)[]
  diagnose(): Promise<Report>
  /** All complaints, `state what: found` a line. */
  complaints(): Promise<string>
  /** One among others that follow from the same fault, as `state: found — mend`. */
  complaintOf(what: string): Promise<string>
  close(): Promise<void>
}

export async function createHealthyMachine(): Promise<HealthyMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'quantvox-doctor-'))
  const environment = { ...process.env }
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  for (const name of ['whisper-server', 'whisper-quantize', 'ollama']) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${engine}' "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  Object.assign(process.env, {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    SCRIPTED_NODE: process.execPath,
    SCRIPTED_TRANSCRIPT: 'What is the weather like today?',
    SCRIPTED_DECODE_MS: '40',
  })
  const flags = {
    PORT: `${await freePort()}`,
    DATA_DIR: join(folder, 'data'),
    CACHE_DIR: join(folder, 'cache'),
    LLM_MODEL: 'scripted:1b-q4_K_M',
    // A test that wants the models of the end of turns and of the voice asks for them.
    ENDPOINTING: 'silence',
    VOICE: 'flite:slt',
  }
  const { config } = readConfig({ flags, environment: {}, dotEnv: {} })
  const speechModelPath = join(config.CACHE_DIR, 'models', 'speech', `${speechModel}.bin`)
  putSpeechModel(speechModelPath, 'weights')

  async function notOk(): Promise<Finding[]> {
    const { findings } = await machine.diagnose()
    const found = findings.filter(({ state }) => state !== 'ok')
    // Each says what, why it matters and how to mend it.
    for (const { what, found: is, why, mend } of found) {
      for (const text of [what, is, why, mend]) expect(text).toMatch(/\S{3}/)
    }
    return found
  }

  const machine: HealthyMachine = {
    folder,
    config: { ...config, OLLAMA_HOST: `http://127.0.0.1:${await freePort()}` },
    facts: {
      nodeVersion: '24.22.1',
      memoryBytes: 16 * GB,
      availableMemoryBytes: 12 * GB,
      freeBytes: async () => 100 * GB,
      outsideAddresses: [],
      cpuFlags: ['avx2', 'fma', 'avx512f'],
      cores: { machine: 4, usable: 4 },
      gpu: {
        platform: 'linux',
        arch: 'x64',
        hasNvidiaGpu: false,
        hasRenderNode: false,
        find: async () => null,
      },
      ffmpeg: '/usr/bin/ffmpeg',
    },
    speechModelPath,
    plant: variables => void Object.assign(process.env, variables),
    async runOllama(version, address = '127.0.0.1') {
      const say = (body: object) => (response: { end(text: string): unknown }) =>
        response.end(JSON.stringify(body))
      const models = say({ models: [] })
      const routes = { '/api/version': say({ version }), '/api/tags': models, '/api/ps': models }
      const ollama = await scriptedOllama(routes, address)
      machine.closing.push(ollama.close)
      machine.config = { ...machine.config, OLLAMA_HOST: ollama.url }
      return ollama
    },
    putRecord() {
      const path = join(machine.config.DATA_DIR, TURN_FILE_NAME)
      const store = openTurnStore(path, { saveText: true })
      for (const { record, text } of makeTurns(300)) store.insert(record, text)
      store.close()
      return path
    },
    closing: [],
    diagnose: () => examine(machine.config, AbortSignal.timeout(30_000), machine.facts),
    complaints: async () =>
      (await notOk()).map(({ state, what, found }) => `${state} ${what}: ${found}`).join('\n'),
    async complaintOf(what) {
      const found = (await notOk()).find(finding => finding.what === what)
      return found === undefined ? 'none' : `${found.state}: ${found.found} — ${found.mend}`
    },
    async close() {
      for (const close of machine.closing) await close()
      for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
      Object.assign(process.env, environment)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return machine
}

function putSpeechModel(path: string, bytes: string): void {
  mkdirSync(resolve(path, '..'), { recursive: true })
  writeFileSync(path, bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  writeFileSync(
    `${path}.json`,
    JSON.stringify({ sha256, sizeBytes: bytes.length, mtimeMs: 0, origin: 'a test' }),
  )
}
