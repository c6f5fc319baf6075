import { createSoundKeeper, type SoundKeeperOptions } from './soundKeeper.ts'
import { createSpeaker } from './speaker.ts'
import { createWakeLock } from './wakeLock.ts'

export type PageSoundOptions = Omit<SoundKeeperOptions, 'element'> & {
  replies: HTMLAudioElement
  recordings: HTMLAudioElement
}

/** What keeps the sound of the page going: who holds it, where it is heard, and a screen that stays on. */
export function createPageSound({ replies, recordings, now, changed }: PageSoundOptions) {
  const keeper = createSoundKeeper({ element: replies, now, changed })
  const speaker = createSpeaker([replies, recordings])
  const wakeLock = createWakeLock()
  const { watch: opened, held, wasHeld } = keeper
  return { opened, held, wasHeld, heardAt: speaker.choose, staysOn: wakeLock.want }
}
