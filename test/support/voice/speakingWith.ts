import type { SpeakWithFlite } from '../../../server/voice/flite/flite.ts'
import { createVoices } from '../../../server/voice/voices.ts'

const notAsked = () => {
  throw new Error('An engine was asked that is not here.')
}

/** The voices where only flite's speak, and a speech server's, if there is one. */
export const speakingWith = (flite: SpeakWithFlite, synthesisUrl: string | null = null) =>
  createVoices(
    {
      flite,
      hibari: notAsked,
      kokoro: notAsked,
      piper: notAsked,
    },
    synthesisUrl,
  )
