import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WyomingDependencies } from '../../../server/doors/wyoming/door.ts'
import { createReplyAudio } from '../../../server/record/replyAudio.ts'
import { listVoices } from '../../../server/voice/voices.ts'
import { createFakeStages, fakeSpeechModel, type Script } from '../fakes/fakeStages.ts'

/** What the door needs, over scripted stages, until `stop`. */
export async function makeDependencies(script: Partial<Script> = {}) {
  const fakes = createFakeStages(script)
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-replies-'))
  const dependencies: WyomingDependencies = {
    stages: fakes.stages,
    replies: await createReplyAudio(folder, false),
    speechModels: async () => [fakeSpeechModel('q8_0', 40e6, true)],
    voices: async () => listVoices([]),
    ...{ maxUploadBytes: 25 * 2 ** 20, maxTurns: 16 },
  }
  async function stop(): Promise<void> {
    fakes.stages.store.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { fakes, dependencies, stop }
}
