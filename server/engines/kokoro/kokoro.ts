import { fileURLToPath } from 'node:url'
import { createFetchedSpeaker, type SpeakerFiles } from '../speaking/fetchedSpeaker.ts'
import type { SpeakerDeps } from '../speaking/speaker.ts'

const program = {
  name: 'kokoro',
  childPath: fileURLToPath(new URL('./kokoroChild.ts', import.meta.url)),
  execArgv: [],
}

/** What it holds after a long sentence; it is some 450 MB after short ones. */
const MAX_RESIDENT_BYTES = 1.5 * 2 ** 30

/** Kokoro-82M in a process of its own. @param files hibari's wheel, the network, the voices */
export const createKokoro = (files: SpeakerFiles, deps: SpeakerDeps) =>
  createFetchedSpeaker(program, files, { maxResidentBytes: MAX_RESIDENT_BYTES, ...deps })
