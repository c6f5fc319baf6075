import { fileURLToPath } from 'node:url'
import { createFetchedSpeaker, type SpeakerFiles } from '../speaking/fetchedSpeaker.ts'
import type { SpeakerDeps } from '../speaking/speaker.ts'

const program = {
  name: 'hibari',
  childPath: fileURLToPath(new URL('./hibariChild.ts', import.meta.url)),
  // What is read at the start is many megabytes, and a sentence takes few.
  execArgv: ['--max-semi-space-size=2'],
}

/** hibari in a process of its own. @param files the wheel that it is in */
export const createHibari = (files: SpeakerFiles, deps: SpeakerDeps) =>
  createFetchedSpeaker(program, files, deps)
