import type { AddressInfo } from 'node:net'
import { ensurePage } from '../../../scripts/page/build.ts'
import type { Dependencies } from '../../../server/app.ts'
import { createVoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import type { ServerInfo } from '../../../server/protocol/info.ts'
import { createLiveApp, type LiveApp } from '../fakes/fakeLive.ts'
import type { Script } from '../fakes/fakeStages.ts'

/** The built page over scripted engines, on a real port, with the server's real ears. */
export type FakePage = LiveApp & { url: string; port: number; stop(): Promise<void> }

export type FakePageOptions = {
  script?: Partial<Script>
  settings?: Record<string, string>
  dependencies?: Partial<Dependencies>
  /** Of a server before, which this one takes the place of. */
  port?: number
}

export const info: ServerInfo = {
  version: '0.0.0-test',
  nodeVersion: process.version,
  publicUrl: 'http://127.0.0.1:3000',
  engines: [
    {
      name: 'ollama',
      version: '0.17.4',
      where: 'http://127.0.0.1:11434',
      owned: true,
      state: 'ready',
      cpuFeatures: null,
    },
    { name: 'flite', version: null, where: 'child process', owned: true, state: 'ready', cpuFeatures: null },
  ],
  record: { state: 'recording', detail: null, unwritten: 0, spooled: null },
  sharedReplies: null,
  limits: {
    maxSessions: 16,
    maxUtteranceSeconds: 60,
    maxUploadBytes: 2 ** 24,
    maxClipSeconds: 600,
    maxJsonBytes: 2 ** 20,
  },
  defaults: {
    llmModel: 'fake:1b-q4_K_M',
    speechModel: 'whisper-tiny.en-q8_0',
    voice: 'flite:slt',
    numCtx: 2048,
  },
  hardware: { cpu: 'a processor', cores: 2, usableCores: 2, memoryBytes: 2 ** 34, platform: 'linux x64' },
  process: { pid: 1, residentBytes: 2 ** 27, eventLoopDelayP99Ms: 1 },
}

export async function startFakePage({
  script,
  settings,
  dependencies,
  port = 0,
}: FakePageOptions = {}): Promise<FakePage> {
  const live = await createLiveApp({
    ...(script === undefined ? {} : { script }),
    ...(settings === undefined ? {} : { settings }),
    activity: await createVoiceActivity(),
    dependencies: { info: async () => info, page: await ensurePage(() => {}), ...dependencies },
  })
  await live.app.listen({ host: '127.0.0.1', port })
  const address = live.app.server.address() as AddressInfo
  return {
    ...live,
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    stop: () => live.app.close(),
  }
}
