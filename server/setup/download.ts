import { createHash } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { jsonIfThere } from '../files/readJson.ts'
import { nullable } from '../protocol/nullable.ts'
import { viaProxy } from '../proxies.ts'
import { fileSize } from './archive.ts'
import { cachePaths, ensureDirectory, hashFile, writeFileAtomically } from './cache.ts'
import { codeOf, SourceFailure, withDiskErrors } from './failures.ts'
import type { SetupContext } from './types.ts'

export type Download = {
  item: string
  url: string
  /** Where the file goes once it is verified; on the cache's disk. */
  destination: string
  /** Null where the publisher states none. */
  sizeBytes: number | null
  sha256: string | null
}

export type DownloadTimes = {
  /** Until the answer's headers are there. Short: a host that does not answer must not cost minutes. */
  connectMs: number
  /** Between two pieces of the body. */
  stallMs: number
  /** Before the second try; doubled before each further one. */
  backOffMs: number
  tries: number
}

const ordinaryTimes: DownloadTimes = { connectMs: 8_000, stallMs: 30_000, backOffMs: 500, tries: 5 }

/** Kept beside a partial file, so that only the rest of the same version is asked for. */
const PartialNote = Type.Object({ url: Type.String(), validator: nullable(Type.String()) })
type PartialNote = Static<typeof PartialNote>

/** Broken off in the middle: worth another try, which resumes. */
class Interrupted extends Error {}

/**
 * Gets a file over HTTP(S): resumed where a part is there, tried again with back-off when it breaks off, checked for
 * size and sha256, then moved to its destination. Gives the sha256 (hex). Throws a `SourceFailure` for a host that does
 * not answer, a status that is no success, a wrong hash or size, or a body that broke off `tries` times in a row
 * without a byte more.
 */
export async function download(
  wanted: Download,
  context: SetupContext,
  times: DownloadTimes = ordinaryTimes,
): Promise<{ sha256: string; sizeBytes: number }> {
  const { downloads } = cachePaths(context.cacheDir)
  await ensureDirectory(downloads)
  const partPath = join(
    downloads,
    `${createHash('sha256').update(wanted.url).digest('hex').slice(0, 16)}.part`,
  )
  return withDiskErrors(downloads, async () => {
    for (let fresh = false; ; fresh = true) {
      const resumed = await fetchAll(wanted, partPath, context, times)
      const sizeBytes = (await stat(partPath)).size
      context.onProgress({
        item: wanted.item,
        status: 'checking',
        completedBytes: sizeBytes,
        totalBytes: sizeBytes,
      })
      const sha256 = (await hashFile(partPath, context.signal)).toString('hex')
      const problem = mismatch(wanted, sha256, sizeBytes)
      if (problem === null) {
        await rename(partPath, wanted.destination)
        await rm(`${partPath}.json`, { force: true })
        return { sha256, sizeBytes }
      }
      await dropPart(partPath)
      // What was resumed may be two versions glued together; a whole one that is wrong stays wrong.
      if (!resumed || fresh) throw new SourceFailure(problem)
    }
  })
}

function mismatch(wanted: Download, sha256: string, sizeBytes: number): string | null {
  if (wanted.sizeBytes !== null && sizeBytes !== wanted.sizeBytes) {
    return `${sizeBytes} bytes came, ${wanted.sizeBytes} were expected`
  }
  if (wanted.sha256 !== null && sha256 !== wanted.sha256) {
    return `the sha256 is ${sha256.slice(0, 12)}…, ${wanted.sha256.slice(0, 12)}… was expected`
  }
  return null
}

/** Fetches until the part is whole. True when bytes of an earlier answer were used. */
async function fetchAll(
  wanted: Download,
  partPath: string,
  context: SetupContext,
  times: DownloadTimes,
): Promise<boolean> {
  let resumed = false
  for (let left = times.tries, waitMs = times.backOffMs; ; waitMs *= 2) {
    const before = await sizeOf(partPath)
    try {
      const usedPart = await fetchOnce(wanted, partPath, context, times)
      return resumed || usedPart
    } catch (error) {
      context.signal.throwIfAborted()
      if (!(error instanceof Interrupted)) throw error
      const gained = (await sizeOf(partPath)) > before
      if (gained) {
        left = times.tries
        waitMs = times.backOffMs
      }
      left--
      if (left <= 0) throw new SourceFailure(`${error.message} (${times.tries} times)`, error)
    }
    resumed = resumed || (await sizeOf(partPath)) > 0
    context.onProgress({
      item: wanted.item,
      status: 'broke off, trying again',
      completedBytes: await sizeOf(partPath),
      totalBytes: wanted.sizeBytes,
    })
    await sleep(waitMs, undefined, { signal: context.signal })
  }
}

/** One request. True when it continued a part. */
async function fetchOnce(
  wanted: Download,
  partPath: string,
  context: SetupContext,
  times: DownloadTimes,
): Promise<boolean> {
  const note = await readNote(partPath, wanted.url)
  const start = note === null ? 0 : await sizeOf(partPath)
  if (start > 0 && start === wanted.sizeBytes) return true
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (start > 0) {
    headers.range = `bytes=${start}-`
    if (note?.validator != null) headers['if-range'] = note.validator
  }
  const timer = new AbortController()
  let timeout = setTimeout(() => timer.abort(), times.connectMs)
  const restartTimer = (ms: number) => {
    clearTimeout(timeout)
    timeout = setTimeout(() => timer.abort(), ms)
  }
  try {
    const signal = AbortSignal.any([context.signal, timer.signal])
    const response = await connect(wanted.url, headers, signal, timer.signal)
    const continues = response.status === 206 && contentStart(response) === start
    if (!continues && response.status !== 200) {
      await response.body?.cancel()
      if (response.status === 416 || response.status === 206) {
        await dropPart(partPath)
        throw new Interrupted('the server could not continue the partial file')
      }
      if (response.status >= 500)
        throw new Interrupted(`the server answered ${response.status}${viaProxy(wanted.url)}`)
      throw new SourceFailure(`the server answered ${response.status}${viaProxy(wanted.url)}`)
    }
    if (!continues) await rm(partPath, { force: true })
    await writeFileAtomically(
      `${partPath}.json`,
      JSON.stringify({ url: wanted.url, validator: validatorOf(response) } satisfies PartialNote),
    )
    await store(
      response,
      partPath,
      continues ? start : 0,
      wanted,
      context,
      () => restartTimer(times.stallMs),
      timer,
    )
    return continues
  } finally {
    clearTimeout(timeout)
  }
}

async function connect(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
  timeout: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, { headers, signal, redirect: 'follow' })
  } catch (error) {
    if (timeout.aborted) throw new SourceFailure(`no answer in time${viaProxy(url)}`, error)
    throw new SourceFailure(`${connectProblem(error)}${viaProxy(url)}`, error)
  }
}

function connectProblem(error: unknown): string {
  const code = codeOf(error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name cannot be resolved'
  if (code === 'ECONNREFUSED') return 'the connection was refused'
  return code === null ? 'cannot be reached' : `cannot be reached (${code})`
}

async function store(
  response: Response,
  partPath: string,
  start: number,
  wanted: Download,
  context: SetupContext,
  onPiece: () => void,
  timer: AbortController,
): Promise<void> {
  const announced = Number(response.headers.get('content-length') ?? Number.NaN)
  const totalBytes = Number.isFinite(announced) ? start + announced : wanted.sizeBytes
  let completedBytes = start
  const file = await open(partPath, start > 0 ? 'a' : 'w')
  try {
    onPiece()
    for await (const piece of response.body ?? []) {
      onPiece()
      completedBytes += piece.length
      // A server that sends without end must not fill the disk.
      if (wanted.sizeBytes !== null && completedBytes > wanted.sizeBytes) {
        throw new SourceFailure(`more than the expected ${wanted.sizeBytes} bytes came`)
      }
      await file.writeFile(piece)
      context.onProgress({ item: wanted.item, status: 'downloading', completedBytes, totalBytes })
    }
  } catch (error) {
    context.signal.throwIfAborted()
    if (error instanceof SourceFailure) {
      await file.close()
      await dropPart(partPath)
      throw error
    }
    if (timer.signal.aborted) throw new Interrupted('the download stalled')
    if (isDiskError(error)) throw error
    throw new Interrupted('the download broke off')
  } finally {
    await file.close()
  }
  if (totalBytes !== null && completedBytes < totalBytes) throw new Interrupted('the download broke off')
}

function isDiskError(error: unknown): boolean {
  return (
    error instanceof Error && 'syscall' in error && (error.syscall === 'write' || error.syscall === 'open')
  )
}

function contentStart(response: Response): number | null {
  const match = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')
  return match === null ? null : Number(match[1])
}

/** What `If-Range` may carry: a strong ETag, or else the modification date (RFC 9110, 13.1.5). */
function validatorOf(response: Response): string | null {
  const etag = response.headers.get('etag')
  return etag?.startsWith('"') ? etag : response.headers.get('last-modified')
}

async function readNote(partPath: string, url: string): Promise<PartialNote | null> {
  const note = await jsonIfThere(`${partPath}.json`)
  return Check(PartialNote, note) && note.url === url ? note : null
}

const sizeOf = async (path: string) => (await fileSize(path)) ?? 0

async function dropPart(partPath: string): Promise<void> {
  await rm(partPath, { force: true })
  await rm(`${partPath}.json`, { force: true })
}
