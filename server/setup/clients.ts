import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import Type from 'typebox'
import { Check } from 'typebox/value'
import { hashFile } from './cache.ts'
import { SourceFailure } from './failures.ts'
import { findOnPath, runProgram } from './programs.ts'

/** Package registries, through their ordinary clients as they are configured on this machine. */

type NpmPackage = { package: string; version: string; integrity: string }
type Wheel = { package: string; version: string; sha256: string; platform?: string }
type GoModule = { module: string; version: string; sum: string }

/** Gets an npm package's tarball into `directory` and checks its integrity (`sha512-<base64>`). */
export async function npmPack(wanted: NpmPackage, directory: string, signal: AbortSignal): Promise<string> {
  const name = `${wanted.package}@${wanted.version}`
  await runProgram(
    'npm',
    [
      'pack',
      name,
      '--pack-destination',
      directory,
      '--ignore-scripts',
      '--fetch-retries=1',
      '--fetch-retry-mintimeout=500',
      '--loglevel=error',
    ],
    {
      cwd: directory,
      signal,
    },
  )
  const path = await onlyFile(directory, '.tgz', name)
  const integrity = `sha512-${(await hashFile(path, signal, 'sha512')).toString('base64')}`
  if (integrity !== wanted.integrity)
    throw new SourceFailure(`${name} has another hash than the catalog names`)
  return path
}

/** Gets a wheel into `directory` without its dependencies and checks its sha256. */
export async function pipDownload(wanted: Wheel, directory: string, signal: AbortSignal): Promise<string> {
  const name = `${wanted.package}==${wanted.version}`
  const [command, ...prefix] = await pip()
  await runProgram(
    command,
    [
      ...prefix,
      'download',
      '--no-deps',
      '--only-binary=:all:',
      ...(wanted.platform === undefined ? [] : ['--platform', wanted.platform]),
      '--retries=1',
      '--timeout=30',
      '--quiet',
      '--disable-pip-version-check',
      '-d',
      directory,
      name,
    ],
    { cwd: directory, signal },
  )
  const path = await onlyFile(directory, '.whl', name)
  const sha256 = (await hashFile(path, signal)).toString('hex')
  if (sha256 !== wanted.sha256) throw new SourceFailure(`${name} has another hash than the catalog names`)
  return path
}

async function pip(): Promise<[string, ...string[]]> {
  for (const program of ['pip3', 'pip']) if ((await findOnPath(program)) !== null) return [program]
  for (const program of ['python3', 'python'])
    if ((await findOnPath(program)) !== null) return [program, '-m', 'pip']
  throw new SourceFailure('`pip` is not installed')
}

const ModuleInfo = Type.Object({ Sum: Type.String() })

/** Gets a Go module into Go's own module cache and checks its `h1:` sum. */
export async function goDownload(wanted: GoModule, cwd: string, signal: AbortSignal): Promise<void> {
  const name = `${wanted.module}@${wanted.version}`
  const output = await runProgram('go', ['mod', 'download', '-json', name], { cwd, signal })
  const start = output.indexOf('{')
  const info: unknown = start < 0 ? null : JSON.parse(output.slice(start, output.lastIndexOf('}') + 1))
  if (!Check(ModuleInfo, info)) throw new SourceFailure(`\`go mod download\` gave no sum for ${name}`)
  if (info.Sum !== wanted.sum) throw new SourceFailure(`${name} has another hash than the catalog names`)
}

async function onlyFile(directory: string, ending: string, name: string): Promise<string> {
  const file = (await readdir(directory)).find(entry => entry.endsWith(ending))
  if (file === undefined) throw new SourceFailure(`no ${ending} file came for ${name}`)
  return join(directory, file)
}
