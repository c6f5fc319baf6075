import type { LabVoices } from '../../../server/lab/dependencies.ts'
import type { SpokenText } from '../../../server/lab/input.ts'
import { speakingWith } from '../voice/speakingWith.ts'

/** Voices of a scripted engine, each opening a process of its own as far as anybody can tell. */
export type FakeLabVoices = ReturnType<typeof fakeLabVoices>

export const labTexts: SpokenText[] = Array.from({ length: 16 }, (_, index) => ({
  id: `text-${index}`,
  text: `Hello, world ${index}!`,
  said: 'Hello, world!',
}))

/** Milliseconds of silence that each voice begins with; the same of speech follow. */
const silentMs: Readonly<Record<string, number>> = { slt: 100, rms: 200 }

export function fakeLabVoices() {
  const processes = { now: 0, atMost: 0, started: [] as string[] }
  const hooks = { beforeSpeaking(_voice: string): void {} }
  const voiceOf = speakingWith(async (_clause, voice) => {
    hooks.beforeSpeaking(voice)
    const silence = (silentMs[voice] ?? 0) * 16
    return { samples: new Int16Array(silence * 2).fill(8000, silence), sampleRate: 16_000, inferenceMs: 1 }
  })
  const lab: LabVoices = {
    list: async () => ['flite:slt', 'flite:rms', 'hibari:heart', 'browser', 'none'],
    known: voiceOf,
    model: name => ({
      digest: name.padEnd(64, '0'),
      quantization: null,
      parameterSize: null,
      sizeBytes: 1000,
    }),
    open() {
      const warmed = new Set<string>()
      return {
        voice: voiceOf,
        async warm(name) {
          if (warmed.has(name)) return
          warmed.add(name)
          processes.started.push(name)
          processes.atMost = Math.max(processes.atMost, ++processes.now)
        },
        pid: () => process.pid,
        async stop() {
          processes.now -= warmed.size
          warmed.clear()
        },
      }
    },
  }
  return { lab, processes, hooks }
}
