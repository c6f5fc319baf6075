import pino from 'pino'
import { atPcmRate } from '../../../../server/audio/pcm.ts'
import { createFlite } from '../../../../server/engines/flite/flite.ts'
import { speakPhones } from './speakPhones.ts'
import type { Speak } from './spoken.ts'

const PHONES = /^\[(.+)\]$/

/** flite in a process of its own, for as long as `use` takes. */
export async function withFlite<T>(use: (speak: Speak) => Promise<T>): Promise<T> {
  const flite = createFlite({ log: pino({ level: 'silent' }) })
  const { signal } = new AbortController()
  try {
    return await use(async (text, voice) => {
      const phones = PHONES.exec(text)?.[1]
      if (phones !== undefined) return await speakPhones(phones, voice)
      return atPcmRate(await flite.speak(text, voice, signal))
    })
  } finally {
    await flite.stop()
  }
}
