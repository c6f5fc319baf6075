import { Worker } from 'node:worker_threads'
import { type ErrorCode, QuantvoxError } from '../../errors.ts'
import type { ComparisonResult } from '../../protocol/comparisonResult.ts'

/** What the thread answers; it is our own, so its messages are typed and not checked. */
export type WorkerAnswer =
  | { result: ComparisonResult }
  | { error: { code: ErrorCode; message: string; meaning: string | undefined; mend: string | undefined } }

/**
 * Judges the observations of a run on a thread of its own: the bootstraps take seconds, and voices wait for the event
 * loop. The file may be one that a run still appends to.
 * @throws QuantvoxError `not_found` for a file that is not there or holds no plan; `internal`; the signal's reason
 */
export function judge(observationsFile: string, signal?: AbortSignal): Promise<ComparisonResult> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: observationsFile })
    const leave = () => {
      signal?.removeEventListener('abort', stop)
      void worker.terminate()
    }
    const stop = () => {
      reject(signal?.reason)
      leave()
    }
    signal?.addEventListener('abort', stop)
    worker.once('message', (answer: WorkerAnswer) => {
      if ('result' in answer) resolve(answer.result)
      else {
        const { code, message, meaning, mend } = answer.error
        reject(new QuantvoxError(code, message, { ...(meaning && { meaning }), ...(mend && { mend }) }))
      }
      leave()
    })
    worker.once('error', error => {
      reject(unjudged(error))
      leave()
    })
    // After an answer this changes nothing: a promise settles once.
    worker.once('exit', code => reject(unjudged(new Error(`The thread ended with code ${code}.`))))
  })
}

const unjudged = (cause: unknown) =>
  new QuantvoxError('internal', 'The observations of the comparison could not be judged.', {
    meaning: 'They are kept as they were written down.',
    mend: 'Ask for the report again; if that fails too, report the error with the file of observations.',
    cause,
  })
