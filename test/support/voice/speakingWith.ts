import type { SpeakWithFlite } from '../../../server/voice/flite/flite.ts'
import { createVoices } from '../../../server/voice/voices.ts'

/** The voices where only flite's speak, and a speech server's, if there is one. */
export const speakingWith = (flite: SpeakWithFlite, synthesisUrl: string | null = null) =>
  createVoices(
    {
      flite,
      hibari() {
        throw new Error('hibari was asked.')
      },
    },
    synthesisUrl,
  )
