import { untilAborted } from '../../abort.ts'
import { createSpeaker, type SpeakerDeps } from './speaker.ts'
import type { SpeakerProgram, Spoken } from './speakerProcess.ts'

export type FetchedSpeaker = ReturnType<typeof createFetchedSpeaker>

/** Gets what an engine speaks with, if it must, and gives the paths of it. */
export type SpeakerFiles = (signal: AbortSignal) => Promise<readonly string[]>

/** An engine that speaks with files that are got when it is first used; they are the arguments of its process. */
export function createFetchedSpeaker(
  program: Omit<SpeakerProgram, 'args'>,
  files: SpeakerFiles,
  deps: SpeakerDeps,
) {
  let paths: readonly string[] | null = null
  const speaker = createSpeaker({ ...program, args: () => [...(paths ?? [])] }, deps)
  async function untilThere(signal: AbortSignal): Promise<void> {
    paths ??= await untilAborted(files(signal), signal)
  }
  return {
    ...speaker,
    /** One sentence or a few, in pieces. @throws as a speaker, and what getting the files throws */
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
