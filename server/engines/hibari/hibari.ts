import { fileURLToPath } from 'node:url'
import { untilAborted } from '../../abort.ts'
import { createSpeaker, type SpeakerDeps } from '../speaking/speaker.ts'
import type { Spoken } from '../speaking/speakerProcess.ts'

export type Hibari = ReturnType<typeof createHibari>

/**
 * hibari in a process of its own.
 * @param model the wheel that it is in, got if it must be
 */
export function createHibari(model: (signal: AbortSignal) => Promise<string>, deps: SpeakerDeps) {
  let path = ''
  const speaker = createSpeaker(
    {
      name: 'hibari',
      childPath: fileURLToPath(new URL('./hibariChild.ts', import.meta.url)),
      args: () => [path],
      // What is read at the start is many megabytes, and a sentence takes few.
      execArgv: ['--max-semi-space-size=2'],
    },
    deps,
  )
  async function untilThere(signal: AbortSignal): Promise<void> {
    if (path === '') path = await untilAborted(model(signal), signal)
  }
  return {
    ...speaker,
    /** One sentence or a few, in pieces. @throws as a speaker, and what getting the model throws */
    async *speak(text: string, voice: string, signal: AbortSignal): AsyncGenerator<Spoken> {
      await untilThere(signal)
      yield* speaker.speak(text, voice, signal)
    },
    async warm(signal: AbortSignal): Promise<void> {
      await untilThere(signal)
      await speaker.warm(signal)
    },
  }
}
