import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { usableCores } from '../../engines/usableCores.ts'
import { unpackTar } from '../archive.ts'
import type { NpmSource } from '../catalogSources.ts'
import { npmPack } from '../clients.ts'
import { WITHOUT_AMX } from '../cpu.ts'
import { SourceFailure } from '../failures.ts'
import { findOnPath, firstOnPath, runProgram } from '../programs.ts'
import { type GpuBackend, gpuOptions } from './gpu.ts'

export const SERVER = 'whisper-server'
export const QUANTIZE = 'whisper-quantize'
export const PORTABLE_SERVER = 'whisper-server-portable'

/**
 * What this project sets of whisper.cpp's build; its name is part of the folder's, so that what was built otherwise is built anew.
 * GGML_LLAMAFILE has tinyBLAS multiply matrices in blocks that stay in registers. llama.cpp has it on, whisper.cpp off: there each
 * number of a product reads a row and a column of its own from the cache (models/README.md has what that costs).
 */
export const BUILD_NAME = 'tinyblas'
const ownOptions = [
  ...['-DCMAKE_BUILD_TYPE=Release', '-DBUILD_SHARED_LIBS=OFF', '-DWHISPER_BUILD_TESTS=OFF'],
  ...[`-DCMAKE_C_FLAGS=${WITHOUT_AMX}`, `-DCMAKE_CXX_FLAGS=${WITHOUT_AMX}`, '-DGGML_LLAMAFILE=ON'],
]

/**
 * The server for any x86-64 CPU with AVX2, beside the native one of CPUs with AVX-512: those may run its wide instructions at a lower
 * clock, and have been faster without (387 ms native, 356 without, a short clip on an Intel Xeon). Each flag is named, because the
 * tree is configured already.
 */
const portableOptions = [
  'NATIVE=OFF',
  ...['SSE42', 'AVX', 'AVX2', 'BMI2', 'FMA', 'F16C'].map(name => `${name}=ON`),
].map(option => `-DGGML_${option}`)

export type Build = {
  options: string[]
  /** Also the server for any CPU with AVX2; not of a build for a GPU, which does the work. */
  withPortable: boolean
  /** Tried first where it is named; where that fails the build is for the CPU. */
  gpu: GpuBackend | null
}

type Work = { signal: AbortSignal; report(status: string): void }

/** What was built, as paths below `staging`. */
type Built = { staging: string; programs: string[]; gpu: GpuBackend | null }

/** Fetches the source into `scratch` and builds both programs. Throws a `SourceFailure` where that is not to be had. */
export async function buildWhisper(
  source: NpmSource,
  scratch: string,
  { options, withPortable, gpu }: Build,
  work: Work,
): Promise<Built> {
  if ((await findOnPath('cmake')) === null) throw new SourceFailure('`cmake` is not installed')
  if ((await firstOnPath(['c++', 'g++', 'clang++'])) === null)
    throw new SourceFailure('there is no C++ compiler')
  work.report('fetching the source')
  const tarball = await npmPack(source, scratch, work.signal)
  await unpackTar(tarball, 'tar.gz', scratch, work.signal)
  const from = join(scratch, source.directory)
  if (gpu !== null) {
    try {
      const programs = await compileBoth(from, scratch, [...options, ...gpuOptions[gpu]], false, work)
      return { ...programs, gpu }
    } catch (error) {
      goOnWithout(error, work, `no build for ${gpu}`)
    }
  }
  return { ...(await compileBoth(from, scratch, options, withPortable, work)), gpu: null }
}

async function compileBoth(
  from: string,
  scratch: string,
  options: string[],
  withPortable: boolean,
  work: Work,
): Promise<Omit<Built, 'gpu'>> {
  const { signal, report } = work
  const tree = join(scratch, 'build')
  const staging = join(scratch, 'staging')
  // What a build for a GPU left would be taken for settled.
  await Promise.all([tree, staging].map(path => rm(path, { recursive: true, force: true })))
  await mkdir(join(staging, 'bin'), { recursive: true })
  const make = async (configured: string[], targets: string[]) => {
    report('configuring')
    await runProgram('cmake', ['-S', from, '-B', tree, ...configured], { signal })
    await runProgram('cmake', ['--build', tree, '--parallel', `${usableCores()}`, '--target', ...targets], {
      signal,
      onLine: line => {
        const percent = /^\[ *(\d+)%\]/.exec(line)?.[1]
        if (percent !== undefined) report(`compiling, ${percent} %`)
      },
    })
  }
  const take = async (target: string, as: string) => {
    const program = join(staging, 'bin', as)
    await copyFile(join(tree, 'bin', target), program)
    if (target === SERVER) await runProgram(program, ['--help'], { signal })
    return join('bin', as)
  }
  await make([...ownOptions, ...options], [SERVER, QUANTIZE])
  const programs = await Promise.all([take(SERVER, SERVER), take(QUANTIZE, QUANTIZE)])
  if (withPortable) {
    try {
      // In the same tree only ggml's code for the CPU is compiled again.
      await make(portableOptions, [SERVER])
      programs.push(await take(SERVER, PORTABLE_SERVER))
    } catch (error) {
      goOnWithout(error, work, 'only the native build')
    }
  }
  return { staging, programs }
}

/** Says what is not there; throws where that is not why it failed. */
function goOnWithout(error: unknown, { signal, report }: Work, what: string): void {
  signal.throwIfAborted()
  if (!(error instanceof SourceFailure)) throw error
  report(`${what}: ${error.message}`)
}
