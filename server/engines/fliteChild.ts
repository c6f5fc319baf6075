/**
 * The flite program in a process of its own: its WASI module is synchronous and its memory grows with use, so neither
 * may be in the server. Talks to `flite.ts` over the channel of `fork`; ends when that channel does.
 */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { WASI } from 'node:wasi'
import type { FliteAnswer, FliteRequest } from './fliteMessages.ts'

const modulePath = process.argv[2] ?? ''
const compiled = await WebAssembly.compile(readFileSync(modulePath))

/** The descriptor that we hand out for the output file; WASI's own start at 3 and stay few. */
const outputDescriptor = 900
const success = 0

type Imports = Record<string, (...parameters: never[]) => unknown>

/**
 * Runs flite once. Its output file is caught on its way to the disk, so that what is said is never written there:
 * `path_open` answers with a descriptor of ours, and what is written to that is collected.
 */
function runFlite(text: string, voice: string): Buffer {
  // The one preopened folder only gives flite a place that its output path can be under.
  const wasi = new WASI({
    version: 'preview1',
    args: ['flite', '-voice', voice, '-t', text, '-o', '/out/speech.wav'],
    preopens: { '/out': dirname(modulePath) },
    returnOnExit: true,
  })
  const written: Buffer[] = []
  let memory = new WebAssembly.Memory({ initial: 0 })
  const preview1 = wasi.wasiImport as Imports
  const real = (name: string) => preview1[name] as (...parameters: number[]) => number
  const forOutput = (name: string, act: (...parameters: number[]) => number) => {
    const original = real(name)
    return (descriptor: number, ...rest: number[]) =>
      descriptor === outputDescriptor ? act(...rest) : original(descriptor, ...rest)
  }
  const view = () => new DataView(memory.buffer)

  const caught: Record<string, (...parameters: number[]) => number> = {
    path_open(...parameters) {
      // fd, dirflags, path, path_len, oflags, rights, inheriting rights, fdflags, opened_fd (wasi_snapshot_preview1)
      view().setUint32(parameters[8] ?? 0, outputDescriptor, true)
      return success
    },
    fd_write: forOutput('fd_write', (vectors = 0, count = 0, writtenBytes = 0) => {
      let total = 0
      for (let index = 0; index < count; index++) {
        const start = view().getUint32(vectors + index * 8, true)
        const length = view().getUint32(vectors + index * 8 + 4, true)
        written.push(Buffer.from(new Uint8Array(memory.buffer, start, length)))
        total += length
      }
      view().setUint32(writtenBytes, total, true)
      return success
    }),
    fd_close: forOutput('fd_close', () => success),
    fd_fdstat_get: forOutput('fd_fdstat_get', (at = 0) => {
      // A regular file (4) without flags, all rights.
      view().setUint8(at, 4)
      view().setUint16(at + 2, 0, true)
      view().setBigUint64(at + 8, 0xffff_ffff_ffff_ffffn, true)
      view().setBigUint64(at + 16, 0xffff_ffff_ffff_ffffn, true)
      return success
    }),
  }
  const instance = new WebAssembly.Instance(compiled, {
    wasi_snapshot_preview1: { ...preview1, ...caught },
  })
  const exported = instance.exports.memory
  if (exported instanceof WebAssembly.Memory) memory = exported
  const exitCode = wasi.start(instance)
  if (exitCode !== 0) throw new Error(`flite ended with exit code ${exitCode}.`)
  return Buffer.concat(written)
}

/** Samples and rate of flite's own WAV: a 44 byte header of one fixed shape. */
function samplesOf(wav: Buffer): { samples: Int16Array; sampleRate: number } {
  if (wav.length < 44 || wav.toString('latin1', 0, 4) !== 'RIFF') throw new Error('flite wrote no WAV.')
  const sampleRate = wav.readUInt32LE(24)
  const count = (wav.length - 44) >> 1
  const samples = new Int16Array(count)
  for (let index = 0; index < count; index++) samples[index] = wav.readInt16LE(44 + index * 2)
  return { samples, sampleRate }
}

function speak({ id, text, voice }: FliteRequest): FliteAnswer {
  const startedAt = performance.now()
  try {
    const { samples, sampleRate } = samplesOf(runFlite(text, voice))
    const inferenceMs = performance.now() - startedAt
    return { id, samples, sampleRate, inferenceMs, residentBytes: process.memoryUsage.rss() }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}

function send(answer: FliteAnswer): void {
  process.send?.(answer, () => {
    // Each run has a memory of 20 MB and more that the collector knows nothing of: without this the process grows
    // by as much a sentence. After the answer, so that nobody waits for it.
    globalThis.gc?.()
  })
}

process.on('message', (request: FliteRequest) => send(speak(request)))
process.on('disconnect', () => process.exit(0))
// The first run compiles what it meets: no turn should pay for that.
runFlite('Ready.', 'slt')
send({ id: 0, ready: true })
