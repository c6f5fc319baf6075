import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { encodeWav } from '../../../server/audio/encodeWav.ts'
import type { SpeechEngines } from '../../../server/engines/whisper/speechEngines.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import type { LabDependencies } from '../../../server/lab/dependencies.ts'
import type { Question } from '../../../server/lab/input.ts'
import { judge } from '../../../server/lab/judging/judge.ts'
import { defaultMargins } from '../../../server/lab/judging/margins.ts'
import { createLanguageModels } from '../../../server/llm/models.ts'
import { createModelProbe } from '../../../server/llm/probe.ts'
import type { SpeechModel } from '../../../server/protocol/models.ts'
import { createReplyAudio } from '../../../server/record/replyAudio.ts'
import { startFakeWhisper } from '../engines/fakeWhisper.ts'
import { leasesAt, testChat } from '../engines/leasesAt.ts'
import { loudness } from '../fakes/fakeLive.ts'
import { createFakeStages, type FakeStages } from '../fakes/fakeStages.ts'
import { noDetector } from '../hearing/fakeDetector.ts'
import { type FakeLabVoices, fakeLabVoices, labTexts } from './fakeLabVoices.ts'
import { type LabOllama, labOllama } from './labOllama.ts'

/** The comparison lab over a scripted Ollama and scripted whisper-servers, with everything between them real. */

export type FakeLab = {
  lab: LabDependencies
  ollama: LabOllama
  stages: FakeStages
  /** A folder with three short clips that say "hello world", and one without speech. */
  clips: string
  /** Called before each decoding with the level's name; may throw or wait. */
  hooks: { beforeAcquire(level: string): void | Promise<void> }
  /** Speech processes: how many run, how many ran at once at most, and what was started. */
  processes: { now: number; atMost: number; started: string[] }
  voices: FakeLabVoices
  dispose(): Promise<void>
}

/** What each level hears, whatever it is given. */
export const heardBy: Record<string, string> = {
  'whisper-test-f16': 'hello world',
  'whisper-test-q8_0': 'hello world',
  'whisper-test-q4_0': 'hello word',
}

export const labQuestions: Question[] = [
  { id: 'capital', text: 'What is the capital of France?', check: { kind: 'anyOf', phrases: ['Paris'] } },
  { id: 'sum', text: 'What is one plus one?', check: { kind: 'anyOf', phrases: ['two', '2'] } },
]

export async function createFakeLab(change: Partial<LabDependencies> = {}): Promise<FakeLab> {
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-lab-'))
  const clips = await writeClips(folder)
  const ollama = await labOllama()
  const url = async () => ollama.url
  const languageModels = createLanguageModels(url)
  const stages = createFakeStages({ transcript: 'hello world' })
  const whispers = Object.fromEntries(
    await Promise.all(
      Object.entries(heardBy).map(
        async ([level, text]) => [level, await startFakeWhisper({ text })] as const,
      ),
    ),
  )
  const hooks: FakeLab['hooks'] = { beforeAcquire() {} }

  const processes: FakeLab['processes'] = { now: 0, atMost: 0, started: [] }

  const speechEngines = (): SpeechEngines => {
    const loaded = new Set<string>()
    return {
      async acquire({ name }, _owner, signal) {
        const whisper = whispers[name]
        if (whisper === undefined) throw new QuantvoxError('engine_unavailable', `no ${name}`)
        const cold = !loaded.has(name)
        if (cold) {
          loaded.add(name)
          processes.started.push(name)
          processes.atMost = Math.max(processes.atMost, ++processes.now)
        }
        await hooks.beforeAcquire(name)
        signal.throwIfAborted()
        const release = () => {}
        return {
          baseUrl: whisper.baseUrl,
          queueMs: 0,
          cold,
          loadMs: cold ? 5 : null,
          engine: 'fake',
          host: null,
          explain: async error => error,
          release,
        }
      },
      loaded: async () =>
        [...loaded].map(name => ({
          name,
          engine: 'whisper-server' as const,
          pid: process.pid,
          residentBytes: 1_000_000 * (1 + Object.keys(heardBy).indexOf(name)),
          state: 'ready' as const,
          lastError: null,
          loadMs: 40,
          warmMs: 5,
          cpuFeatures: null,
          gpu: null,
          url: null,
        })),
      ready: () => ({ ready: true, detail: null }),
      async stop() {
        processes.now -= loaded.size
        loaded.clear()
      },
    }
  }

  const voices = fakeLabVoices()
  const lab: LabDependencies = {
    stages: {
      ...stages.stages,
      llm: leasesAt(url),
      languageModel: languageModels.find,
      speechLevel: async name => ({ name, path: join(folder, 'weights'), digest: null, quantization: null }),
    },
    session: {
      activity: loudness,
      replies: await createReplyAudio(folder, false),
      loadedModels: async () => ({ speech: [], language: [] }),
      detector: noDetector,
      defaults: {
        endpointing: { mode: 'silence', preset: 'balanced', silenceMs: 150 },
        minSpeechMs: 250,
      },
      maxUtteranceMs: 60_000,
    },
    speechModels: async () => Object.keys(heardBy).map(speechModel),
    languageModels: languageModels.list,
    languageTags: () => [],
    makeLanguageModel: async () => false,
    madeFrom: tag => (tag === 'fake:1b-fp16' ? 'fake:1b-q4_1' : null),
    probe: createModelProbe(url, testChat),
    speechEngines,
    voices: voices.lab,
    processes: { llm: async () => [process.pid], speech: async () => [] },
    environment: async () => ({
      appVersion: '0.0.0-test',
      nodeVersion: process.version,
      platform: 'test',
      cpu: 'test',
      cpuFeatures: [],
      cores: 2,
      threads: { speech: 2, llm: null },
      memoryBytes: 1e9,
      gpu: null,
      url: null,
      engines: [],
    }),
    energyMeter: async () => ({ why: 'a test has none.' }),
    questions: labQuestions,
    texts: labTexts,
    margins: defaultMargins,
    judge,
    dataDir: folder,
    audioDirs: [folder],
    log: pino({ level: 'silent' }),
    ...change,
  }
  await writeFile(join(folder, 'weights'), Buffer.alloc(1000))
  return {
    ...{ lab, ollama, stages, clips, hooks, processes, voices },
    async dispose() {
      await ollama.close()
      await Promise.all(Object.values(whispers).map(whisper => whisper.stop()))
      stages.stages.store.close()
      // A run that was just told to stop may still be writing.
      await sleep(20)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function speechModel(name: string): SpeechModel {
  return {
    name,
    family: 'whisper-test',
    parameterSize: '1M',
    quantization: name.split('-').at(-1) ?? '',
    sizeBytes: 1000,
    digest: null,
    installed: true,
    loaded: false,
    residentBytes: null,
    languages: 'english',
  }
}

async function writeClips(folder: string): Promise<string> {
  const entries = [1, 2, 3].map(index => ({
    file: `clip-${index}.wav`,
    text: 'Hello, world!',
    kind: 'speech',
  }))
  entries.push({ file: 'nothing.wav', text: '', kind: 'nonspeech' })
  for (const { file } of entries) {
    const samples = new Int16Array(16_000 * 0.4).fill(8000)
    await writeFile(join(folder, file), await encodeWav(samples, 16_000))
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(entries))
  return folder
}
