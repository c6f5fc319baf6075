/**
 * The flite program in a process of its own: its WASI module is synchronous and its memory grows with use, so neither
 * may be in the server. Talks to `speakerProcess.ts` over the channel of `fork`; ends when that channel does.
 */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { WASI } from 'node:wasi'
import { fromBytes } from '../../audio/pcm.ts'
import type { SpeakAnswer, SpeakRequest } from '../speaking/messages.ts'

const modulePath = process.argv[2] ?? ''
const compiled = await WebAssembly.compile(readFileSync(modulePath))

/** The descriptor that we hand out for the output file; WASI's own start at 3 and stay few. */
const OUTPUT_DESCRIPTOR = 900
const FIRST_PREOPEN = 3
const SUCCESS = 0
const NOT_SUPPORTED = 58
const REGULAR_FILE = 4
const ALL_RIGHTS = 0xffff_ffff_ffff_ffffn

type WasiCall = (...parameters: number[]) => number

/** An instance that runs once; `calls` are its imports, filled in when it is known what to say. */
type Prepared = {
  instance: WebAssembly.Instance
  memory: WebAssembly.Memory
  calls: Record<string, WasiCall>
}

/** Instantiating costs about 8 ms: done before somebody waits for it. */
function prepare(): Prepared {
  const calls: Record<string, WasiCall> = {}
  const imports = Object.fromEntries(
    WebAssembly.Module.imports(compiled).map(({ name }) => [
      name,
      (...parameters: number[]) => calls[name]?.(...parameters),
    ]),
  )
  const instance = new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: imports })
  const { memory } = instance.exports
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('flite.wasm has no memory.')
  return { instance, memory, calls }
}

let prepared: Prepared | null = null

/**
 * The calls that would write flite's output file, caught on their way to the disk, so that what is said is never
 * written there: `path_open` answers with a descriptor of ours, and what is written to that is collected.
 */
function catchOutput(memory: WebAssembly.Memory, original: Record<string, WasiCall>, written: Buffer[]) {
  const view = () => new DataView(memory.buffer)
  const forOutput =
    (name: string, act: WasiCall): WasiCall =>
    (descriptor = 0, ...rest) =>
      descriptor === OUTPUT_DESCRIPTOR
        ? act(...rest)
        : (original[name]?.(descriptor, ...rest) ?? NOT_SUPPORTED)
  return {
    path_open(...parameters: number[]) {
      // fd, dirflags, path, path_len, oflags, rights, inheriting rights, fdflags, opened_fd (wasi_snapshot_preview1)
      view().setUint32(parameters[8] ?? 0, OUTPUT_DESCRIPTOR, true)
      return SUCCESS
    },
    fd_write: forOutput('fd_write', (vectors = 0, count = 0, writtenBytes = 0) => {
      let total = 0
      for (let index = 0; index < count; index++) {
        const start = view().getUint32(vectors + index * 8, true)
        const length = view().getUint32(vectors + index * 8 + 4, true)
        // A copy: the memory goes on being used.
        written.push(Buffer.from(new Uint8Array(memory.buffer, start, length)))
        total += length
      }
      view().setUint32(writtenBytes, total, true)
      return SUCCESS
    }),
    fd_close: forOutput('fd_close', () => SUCCESS),
    fd_fdstat_get: forOutput('fd_fdstat_get', (at = 0) => {
      view().setUint8(at, REGULAR_FILE)
      view().setUint16(at + 2, 0, true)
      view().setBigUint64(at + 8, ALL_RIGHTS, true)
      view().setBigUint64(at + 16, ALL_RIGHTS, true)
      return SUCCESS
    }),
  }
}

/** Runs flite once; gives the WAV that it wrote. */
function runFlite(text: string, voice: string): Buffer {
  const { instance, memory, calls } = prepared ?? prepare()
  prepared = null
  const wasi = new WASI({
    version: 'preview1',
    args: ['flite', '-voice', voice, '-t', text, '-o', '/out/speech.wav'],
    // Only gives the output path a folder to be under: no file is ever opened in it.
    preopens: { '/out': dirname(modulePath) },
    returnOnExit: true,
  })
  const original = wasi.wasiImport as Record<string, WasiCall>
  const written: Buffer[] = []
  Object.assign(calls, original, catchOutput(memory, original, written))
  try {
    const exitCode = wasi.start(instance)
    if (exitCode !== 0) throw new Error(`flite ended with exit code ${exitCode}.`)
    return Buffer.concat(written)
  } finally {
    // WASI keeps the folder open, one descriptor a run, until it is told.
    original.fd_close?.(FIRST_PREOPEN)
  }
}

/** Samples and rate of flite's own WAV: a 44 byte header of one fixed shape. */
function samplesOf(wav: Buffer): { samples: Int16Array; sampleRate: number } {
  if (wav.length < 44 || wav.toString('latin1', 0, 4) !== 'RIFF') throw new Error('flite wrote no WAV.')
  const sampleRate = wav.readUInt32LE(24)
  return { samples: fromBytes(wav.subarray(44)), sampleRate }
}

function speak({ id, text, voice }: Exclude<SpeakRequest, { cancel: number }>): SpeakAnswer {
  const startedAt = performance.now()
  try {
    const { samples, sampleRate } = samplesOf(runFlite(text, voice))
    const inferenceMs = performance.now() - startedAt
    const residentBytes = process.memoryUsage.rss()
    return { id, samples, sampleRate, inferenceMs, residentBytes, isLast: true }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}

let runsSinceTidy = 0
let tidyTimer: NodeJS.Timeout | undefined

/**
 * Frees what runs left behind and prepares the next one. Each run has a memory of 20 MB and more that V8's collector
 * counts for little: without this the process grows by as much a sentence (measured).
 */
function tidy(): void {
  runsSinceTidy = 0
  globalThis.gc?.()
  prepared ??= prepare()
}

process.on('message', (request: SpeakRequest) => {
  // It is synchronous: when word of that comes the sentence is over.
  if ('cancel' in request) return
  clearTimeout(tidyTimer)
  const answer = speak(request)
  process.send?.(answer)
  runsSinceTidy += 1
  // In a pause, so that the next clause of a reply does not wait for it; but not never.
  tidyTimer = setTimeout(tidy, runsSinceTidy < 8 ? 30 : 0)
})
process.on('disconnect', () => process.exit(0))
// The first run compiles what it meets: no turn should pay for that.
runFlite('Ready.', 'slt')
tidy()
process.send?.({ id: 0, ready: true } satisfies SpeakAnswer)
