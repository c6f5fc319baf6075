import { rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { jsonIfThere } from '../files/readJson.ts'
import { ensureDirectory, writeFileAtomically } from './cache.ts'
import { isExecutable } from './programs.ts'
import { GpuBackend } from './whisper/gpu.ts'

/** `engine.json` in an engine's directory. */
const EngineRecord = Type.Object({
  version: Type.String(),
  origin: Type.Enum(['archive', 'built']),
  source: Type.String(),
  gpu: Type.Optional(GpuBackend),
  programs: Type.Array(Type.Object({ path: Type.String(), sizeBytes: Type.Integer() })),
})
export type EngineRecord = Static<typeof EngineRecord>

/** The record of a whole, usable engine in `directory`; null where there is none or a program is missing or was cut. */
export async function readEngine(directory: string): Promise<EngineRecord | null> {
  const record = await jsonIfThere(join(directory, 'engine.json'))
  if (!Check(EngineRecord, record)) return null
  for (const program of record.programs) {
    const path = join(directory, program.path)
    if (!(await isExecutable(path)) || (await stat(path)).size !== program.sizeBytes) return null
  }
  return record
}

/** Records the programs of an engine that was made in `staging` and moves it to its final place in one step. */
export async function installEngine(
  staging: string,
  directory: string,
  engine: Omit<EngineRecord, 'programs'> & { programs: string[] },
): Promise<EngineRecord> {
  const programs = await Promise.all(
    engine.programs.map(async path => ({ path, sizeBytes: (await stat(join(staging, path))).size })),
  )
  const record = { ...engine, programs }
  await writeFileAtomically(join(staging, 'engine.json'), `${JSON.stringify(record, null, 2)}\n`)
  await ensureDirectory(dirname(directory))
  await rm(directory, { recursive: true, force: true })
  await rename(staging, directory)
  return record
}
