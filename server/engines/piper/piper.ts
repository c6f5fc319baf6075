import { fileURLToPath } from 'node:url'
import { createFetchedSpeaker, type SpeakerFiles } from '../speaking/fetchedSpeaker.ts'
import type { SpeakerDeps } from '../speaking/speaker.ts'

const program = {
  name: 'piper',
  childPath: fileURLToPath(new URL('./piperChild.ts', import.meta.url)),
  execArgv: [],
}

/** It holds some 300 MB after short sentences. */
const MAX_RESIDENT_BYTES = 2 ** 30

/** A voice of Piper in a process of its own. @param files hibari's wheel, the network, the file beside it */
export const createPiper = (files: SpeakerFiles, deps: SpeakerDeps) =>
  createFetchedSpeaker(program, files, { maxResidentBytes: MAX_RESIDENT_BYTES, ...deps })
