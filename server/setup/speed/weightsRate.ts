import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { usableCores } from '../../engines/usableCores.ts'
import type { WeightsRate } from '../../shared/modelFit.ts'
import { rememberWhenDone } from '../../shared/remember.ts'
import { measuredSmallest } from '../ollama/defaultModel.ts'
import { knownLanguageTags } from '../ollama/tags.ts'

/** More threads than this do not read faster. */
const MAX_THREADS = 8

/** What this machine's memory gives all its cores together, bytes a second; a few tenths of a second. */
async function memoryBandwidth(): Promise<number> {
  const threads = Array.from(
    { length: Math.min(usableCores(), MAX_THREADS) },
    () => new Worker(new URL('./memoryReader.ts', import.meta.url)),
  )
  const rates = await Promise.all(threads.map(async thread => (await once(thread, 'message')) as [number]))
  return rates.reduce((sum, [rate]) => sum + rate, 0)
}

const bandwidth = rememberWhenDone(memoryBandwidth)

/**
 * How fast weights are read here when a reply is generated: by what the smallest model of the catalog was measured to do, where a
 * default was chosen by it, else by the memory's bandwidth, which is what no model exceeds. Once in a process.
 */
export async function weightsRate(cacheDir: string): Promise<WeightsRate> {
  const smallest = await measuredSmallest(cacheDir)
  const sizeBytes = knownLanguageTags().find(({ name }) => name === smallest?.tag)?.sizeBytes
  if (smallest !== null && sizeBytes !== undefined)
    return { bytesPerSecond: smallest.tokensPerSecond * sizeBytes, from: smallest.tag }
  return { bytesPerSecond: await bandwidth(), from: null }
}
