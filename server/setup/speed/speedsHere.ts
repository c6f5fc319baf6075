import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { within } from '../../abort.ts'
import { usableCores } from '../../engines/usableCores.ts'
import { QuantvoxError } from '../../errors.ts'
import type { SpeedsHere } from '../../shared/modelFit.ts'
import { rememberWhenDone } from '../../shared/remember.ts'
import { measuredModels } from '../ollama/defaultModel.ts'
import { knownLanguageTags } from '../ollama/tags.ts'

/** More threads than this do not read faster. */
const MAX_THREADS = 8

/** A few tenths of a second is what it takes; a machine without any time left takes longer. */
const MEASURED_WITHIN_MS = 30_000

const failed = (how: string) =>
  new QuantvoxError('internal', `The bandwidth of this machine's memory was not measured: ${how}.`, {
    mend: 'Try again when the machine has less to do and memory left.',
  })

/** What a thread says first. Throws where it ends without a word, fails, or takes too long; it is gone then. */
export async function wordOf(thread: Worker, withinMs = MEASURED_WITHIN_MS): Promise<number> {
  const over = new AbortController()
  try {
    const { signal } = over
    const word = once(thread, 'message', { signal }) as Promise<[number]>
    const ended = once(thread, 'exit', { signal }).then(() => {
      throw failed('a thread of it ended without a word')
    })
    const [rate] = await within(Promise.race([word, ended]), withinMs, () => {
      throw failed(`a thread of it said nothing for ${withinMs / 1000} s`)
    })
    return rate
  } finally {
    over.abort()
    void thread.terminate()
  }
}

/** What this machine's memory gives all its cores together, bytes a second; a few tenths of a second. */
async function memoryBandwidth(): Promise<number> {
  const threads = Array.from(
    { length: Math.min(usableCores(), MAX_THREADS) },
    () => new Worker(new URL('./memoryReader.ts', import.meta.url)),
  )
  const rates = await Promise.all(threads.map(thread => wordOf(thread)))
  return rates.reduce((sum, rate) => sum + rate, 0)
}

const bandwidth = rememberWhenDone(memoryBandwidth)

/**
 * How fast models reply here: what those were measured to do that a default was chosen by, and the default itself, else what the memory's bandwidth
 * allows at most, which is measured once in a process.
 */
export async function speedsHere(cacheDir: string): Promise<SpeedsHere> {
  const sizes = new Map(knownLanguageTags().map(({ name, sizeBytes }) => [name, sizeBytes]))
  const measured = (await measuredModels(cacheDir)).flatMap(({ tag, tokensPerSecond }) => {
    const sizeBytes = sizes.get(tag)
    return sizeBytes === undefined ? [] : [{ tag, sizeBytes, tokensPerSecond }]
  })
  return { measured, bandwidthBytesPerSecond: measured.length > 0 ? null : await bandwidth() }
}
