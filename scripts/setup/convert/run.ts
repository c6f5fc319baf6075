import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { GgufConversion } from './gguf.ts'
import type { WhisperConversion } from './whisper.ts'

export type ConversionJob =
  | ({ kind: 'ct2-to-ggml' } & WhisperConversion)
  | ({ kind: 'gguf-to-f16' } & GgufConversion)

/** Runs a conversion in a worker thread, so that a server that pulls a model meanwhile keeps answering. */
export async function runConversion(job: ConversionJob, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: job })
  try {
    const [exitCode] = await once(worker, 'exit', { signal })
    if (exitCode !== 0) throw new Error(`the conversion ended with code ${exitCode}`)
  } finally {
    await worker.terminate()
  }
}
