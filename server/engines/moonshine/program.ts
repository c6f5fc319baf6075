import { fileURLToPath } from 'node:url'
import packageJson from '../../../package.json' with { type: 'json' }
import type { SpeechProgram } from '../whisper/speechEngines.ts'

const serverPath = fileURLToPath(new URL('./moonshineServer.ts', import.meta.url))

/**
 * Its matrices are so small that a second thread costs more than it gives: short questions took 83 ms with one and 100 to 115 with
 * two on a quiet machine with two cores, and 0.34 of the time of two on one whose cores were taken.
 */
const THREADS = 1

/** Our own engine for Moonshine levels; it is always here. */
export const moonshineProgram: SpeechProgram = {
  name: 'moonshine',
  version: packageJson.version,
  command: (modelPath, { port, basePath }) => ({
    path: process.execPath,
    args: [
      ...['--disable-warning=ExperimentalWarning', '--expose-gc', serverPath, '--port', String(port)],
      ...['--request-path', basePath, '--model', modelPath, '--threads', String(THREADS)],
    ],
  }),
}
