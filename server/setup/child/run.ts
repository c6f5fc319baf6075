import { fork } from 'node:child_process'
import { on } from 'node:events'
import { fileURLToPath } from 'node:url'
import { withCredentials } from '../../credentials.ts'
import { type ErrorCode, QuantvoxError } from '../../errors.ts'
import type { OllamaProgram, Progress, SetupContext, SpeechModelFile, WhisperPrograms } from '../types.ts'

/** What is got, and what comes of it. */
type Jobs = {
  whisper: [object, WhisperPrograms]
  ollama: [object, OllamaProgram]
  speech: [{ name: string }, SpeechModelFile]
  endOfTurn: [object, string]
  voice: [{ name: string }, string[]]
  wakeWord: [{ name: string | null }, null]
  language: [{ tag: string; ollamaUrl: string }, null]
}
type Kind = keyof Jobs
export type Job = { [K in Kind]: { kind: K } & Jobs[K][0] }[Kind]
export type Order = { job: Job; cacheDir: string }

/** What the child says; it is our own, so its messages are typed and not checked. */
export type Said =
  | { progress: Progress }
  | { done: Jobs[Kind][1] }
  | {
      failed: { code: ErrorCode; message: string; meaning: string | undefined; mend: string | undefined }
      cause: string
    }

/** How long a child that was told to give up may take to give its locks back. */
const GIVE_UP_WITHIN_MS = 5_000

/**
 * Gets an engine or a model in a process of its own: what fetching, checking, converting and uploading take of memory, hundreds of
 * megabytes, goes back to the system with it, and a server answers meanwhile.
 *
 * @throws QuantvoxError what getting it throws; `engine_failed` when the process was killed; the signal's reason
 */
export async function inChild<K extends Kind>(
  kind: K,
  wanted: Jobs[K][0],
  { cacheDir, onProgress, signal }: SetupContext,
): Promise<Jobs[K][1]> {
  signal.throwIfAborted()
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  // Without its channel it gives up and ends by itself, also where this process was killed.
  const leave = () => {
    if (child.connected) child.disconnect()
  }
  signal.addEventListener('abort', leave)
  try {
    const job = { kind, ...wanted } as Job
    if (job.kind === 'language') job.ollamaUrl = withCredentials(job.ollamaUrl)
    child.send({ job, cacheDir } satisfies Order)
    for await (const [message] of on(child, 'message', { close: ['disconnect'] })) {
      const said = message as Said
      if ('progress' in said) onProgress(said.progress)
      else if ('done' in said) return said.done as Jobs[K][1]
      else throw failureOf(said)
    }
    signal.throwIfAborted()
    throw new QuantvoxError('engine_failed', 'The process that gets engines and models was ended.', {
      meaning: 'What it was getting is not there yet; the part that was fetched is kept.',
      mend: 'See that the machine has memory left, then try again.',
    })
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
    const patience = setTimeout(() => child.kill('SIGKILL'), GIVE_UP_WITHIN_MS).unref()
    child.once('exit', () => clearTimeout(patience))
  }
}

function failureOf({ failed, cause }: Extract<Said, { failed: object }>): QuantvoxError {
  const { code, message, meaning, mend } = failed
  return new QuantvoxError(code, message, { meaning, mend, cause: new Error(cause) })
}
