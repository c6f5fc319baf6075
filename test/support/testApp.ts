import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { buildApp, type Dependencies } from '../../server/app.ts'
import { readConfig } from '../../server/config.ts'
import { createTickets } from '../../server/doors/access/tickets.ts'
import { createClientSecrets } from '../../server/doors/openai/realtime/secrets.ts'
import { createPulls } from '../../server/engines/pulls.ts'
import { createReplyAudio } from '../../server/record/replyAudio.ts'
import { listVoices } from '../../server/voice/voices.ts'
import { createFakeStages, type FakeStages, fakeLanguageModel, type Script } from './fakes/fakeStages.ts'

export type TestApp = FakeStages & {
  app: FastifyInstance
  /** What was logged so far at LOG_LEVEL, as the JSON lines that pino writes. */
  logLines: string[]
}

export type TestAppOptions = {
  script?: Partial<Script>
  settings?: Record<string, string>
  dependencies?: Partial<Dependencies>
}

/** The whole app over scripted stages; close it with `app.close()`. */
export async function createTestApp({
  script,
  settings = {},
  dependencies = {},
}: TestAppOptions = {}): Promise<TestApp> {
  // A test that ends in the middle of a turn does not wait for it, and no detector is got unasked.
  const flags = { STOP_SECONDS: '0', ENDPOINTING: 'silence', ...settings }
  const { config } = readConfig({ flags, environment: {}, dotEnv: {} })
  const fakes = createFakeStages(script)
  const nothingToPull = createPulls(async () => {})
  const logLines: string[] = []
  const repliesFolder = await mkdtemp(join(tmpdir(), 'quantvox-replies-'))
  const loggerInstance = pino({ level: config.LOG_LEVEL }, { write: line => logLines.push(line) })
  const app = await buildApp(
    config,
    {
      stages: fakes.stages,
      replies: await createReplyAudio(repliesFolder, false),
      tickets: createTickets(),
      clientSecrets: createClientSecrets(),
      readiness: async () => ({ ready: true, notReady: [] }),
      info: () => Promise.reject(new Error('a test that needs info gives it')),
      languageModels: async () => [fakeLanguageModel],
      speechModels: async () => [],
      voices: async () => listVoices([]),
      engines: async () => [],
      languagePulls: nothingToPull,
      speechPulls: nothingToPull,
      removeLanguageModel: async () => {},
      removeSpeechModel: async () => {},
      ...{ wakeWords: async () => [], wakePulls: nothingToPull, checkWakeLicence: () => {} },
      ...dependencies,
    },
    { loggerInstance },
  )
  app.addHook('onClose', async () => {
    fakes.stages.store.close()
    await rm(repliesFolder, { recursive: true, force: true })
  })
  return { ...fakes, app, logLines }
}

/** The same, closed when the test that asks for it is over. */
export async function startTestApp(options?: TestAppOptions): Promise<TestApp> {
  const made = await createTestApp(options)
  onTestFinished(() => made.app.close())
  return made
}
