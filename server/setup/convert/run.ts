import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { GgufConversion } from './gguf.ts'
import type { WhisperConversion } from './whisper.ts'

export type ConversionJob =
  | ({ kind: 'ct2-to-ggml' } & WhisperConversion)
  | ({ kind: 'gguf-to-f16' } & GgufConversion)
  | { kind: 'moonshine-check'; modelPath: string }

/** What the child says of its job; `code` is that of a system error, for instance ENOSPC. */
export type ConversionResult = { failure: { message: string; code: string | undefined } | null }

/**
 * Runs a conversion in a process of its own: a server that pulls a model meanwhile keeps answering, and the hundreds of
 * megabytes that it takes go back to the system. Throws an error with the child's message and code.
 */
export async function runConversion(job: ConversionJob, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    child.send(job)
    const [said] = await Promise.race([
      once(child, 'message', { signal }),
      // Not 'exit': that may come before the last message has been read.
      once(child, 'disconnect', { signal }).then(() => {
        throw new Error('the conversion broke off')
      }),
    ])
    const { failure } = said as ConversionResult
    if (failure !== null) throw Object.assign(new Error(failure.message), { code: failure.code })
  } finally {
    child.kill('SIGKILL')
  }
}
