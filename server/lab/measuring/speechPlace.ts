import type { SpeechEngines } from '../../engines/whisper/speechEngines.ts'

/** Where one speech level at a time is loaded, so that a comparison takes no more memory than its largest level. */
export type SpeechPlace = ReturnType<typeof createSpeechPlace>

export function createSpeechPlace(newEngines: () => SpeechEngines) {
  let taken: { arm: string; engines: SpeechEngines } | null = null

  async function clear(): Promise<void> {
    const ending = taken
    taken = null
    await ending?.engines.stop()
  }

  return {
    /** Ends what is loaded. */
    clear,
    /** The engines that `arm` has here; new ones, with nothing loaded, where another arm or none has the place. */
    async enginesOf(arm: string): Promise<SpeechEngines> {
      if (taken?.arm !== arm) {
        await clear()
        taken = { arm, engines: newEngines() }
      }
      return taken.engines
    },
  }
}
