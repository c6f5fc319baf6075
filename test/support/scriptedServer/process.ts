// The server as it is, in a process of its own, on scripted engines: settings by the environment, as for `serve`.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { runServer } from '../../../scripts/commands/serve.ts'
import type { Provision } from '../../../server/assembly/provision.ts'
import { loadConfig } from '../../../server/config.ts'

// A limit on the size of files stands in for a full disk; its signal would end the process before the write can fail.
process.on('SIGXFSZ', () => {})
// Under --expose-gc, for those who measure what it keeps: pages of what was garbage are given back, too.
process.on('SIGUSR2', () => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }))
const engine = join(import.meta.dirname, 'engine.sh')
const { config } = loadConfig()
// The engine that is scripted is whisper-server.
config.SPEECH_MODEL ??= 'whisper-tiny.en-q8_0'

/** Speech levels have no file and every tag is installed. */
const provision: Provision = {
  whisper: async () => ({ serverPath: engine, version: '0.0.0' }),
  ollama: async () => ({ path: engine, version: '0.17.4' }),
  speechLevel: async name => ({ name, path: '/nowhere', digest: 'a'.repeat(64), quantization: 'q8_0' }),
  endOfTurn: () => Promise.reject(new Error('there is none')),
  voice: () => Promise.reject(new Error('there is none')),
  slowVoices: async () => new Map(),
  wakeFiles: () => Promise.reject(new Error('there are none')),
  wakeWord: () => Promise.reject(new Error('there is none')),
  wakeWords: async () => [],
  checkWakeLicence: () => {},
  speechLevels: async () => [],
  // A pull lasts until the file SCRIPTED_PULLED is there.
  async languageModel(_name, _url, report, signal) {
    const { SCRIPTED_PULLED: file } = process.env
    for (let completedBytes = 1; file !== undefined && !existsSync(file); completedBytes++) {
      report('a pull', { status: 'downloading', completedBytes, totalBytes: 10_000 })
      await sleep(100, undefined, { signal })
    }
  },
  removeSpeechLevel: async () => false,
  removeLanguageModel: async () => false,
  languageTags: () => [],
  speedsHere: async () => ({ measured: [], bandwidthBytesPerSecond: 1e10 }),
  makeLanguageModel: async () => false,
  languageTagMadeFrom: () => null,
  defaultLanguageTag: async () => 'scripted:1b-q4_K_M',
  checkLanguageTag: async () => null,
}

await runServer(config, {
  log: pino({ level: config.LOG_LEVEL }, pino.destination(2)),
  report: () => {},
  provision,
})
