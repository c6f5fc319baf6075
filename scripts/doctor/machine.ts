import { access, constants, stat } from 'node:fs/promises'
import type { Config } from '../../server/config.ts'
import { counted } from '../../server/shared/figures.ts'
import { type Facts, nearestExisting } from './facts.ts'
import { type Finding, finding } from './finding.ts'

const GIB = 2 ** 30
/** Engines, both speech families in all levels and the small LLM take about 2.5 GB; a build needs 1.5 more. */
const WANTED_CACHE_BYTES = 4 * GIB
/** A turn's row takes about 3 KB, its spoken reply some hundred for ten minutes, with SAVE_AUDIO for good. */
const WANTED_DATA_BYTES = GIB / 2

/** Node, disks and ffmpeg. */
export async function examineMachine(config: Config, facts: Facts): Promise<Finding[]> {
  return [
    node(facts.nodeVersion),
    processor(facts.cores),
    await disk('cache', config.CACHE_DIR, WANTED_CACHE_BYTES, facts),
    await disk('data', config.DATA_DIR, WANTED_DATA_BYTES, facts),
    ffmpeg(facts.ffmpeg),
  ]
}

function node(version: string): Finding {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const hasHole = major === 24 && (minor < 22 || (minor === 22 && patch < 1))
  const old = {
    state: 'wrong' as const,
    mend: 'Start through "npx quantvox" or "npm start", which bring Node 24.',
  }
  const hole = {
    state: 'note' as const,
    mend: 'Install Node 24.22.1 or newer once it is to be had; the launcher uses it then.',
    why: 'This version lacks a fix in its Brotli decoder; the server takes no Brotli bodies, so nothing reaches it.',
  }
  return finding(
    'Node',
    version,
    major < 24 ? old : hasHole ? hole : null,
    'TypeScript and SQLite are used as Node 24 brings them.',
  )
}

function processor({ machine, usable }: Facts['cores']): Finding {
  const isWithheld = usable < machine
  return finding(
    'processor',
    `${usable} of ${counted(machine, 'core')} may be used`,
    isWithheld ? { state: 'note', mend: 'Give it more by its CPU set or quota, if replies are slow.' } : null,
    'Models take as many threads as cores may be used; answers come so much sooner.',
  )
}

async function disk(kind: 'cache' | 'data', folder: string, wanted: number, facts: Facts): Promise<Finding> {
  const setting = kind === 'cache' ? 'CACHE_DIR' : 'DATA_DIR'
  const why =
    kind === 'cache'
      ? 'Engines and models are kept there; building them needs about 4 GiB.'
      : 'The record of turns and saved audio are kept there; without it turns are answered, but not recorded.'
  const what = `${kind} folder`
  const trouble = await cannotWrite(folder)
  if (trouble !== null) {
    const mend = `Give this user the right to write there, or set ${setting} to another folder.`
    return finding(what, `${folder} cannot be written (${trouble})`, { state: 'wrong', mend }, why)
  }
  const free = await facts.freeBytes(folder)
  const mend = `Free space there, or set ${setting} to another disk.`
  return finding(
    what,
    `${(free / GIB).toFixed(1)} GiB free for ${folder}`,
    free < wanted / 8 ? { state: 'wrong', mend } : free < wanted ? { state: 'note', mend } : null,
    why,
  )
}

/** Why a folder, or the one that it would be made in, takes no files; null where it does. */
async function cannotWrite(folder: string): Promise<string | null> {
  const existing = nearestExisting(folder)
  try {
    await access(existing, constants.W_OK | constants.X_OK)
    return (await stat(existing)).isDirectory() ? null : `${existing} is no folder`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

function ffmpeg(path: string | null): Finding {
  return finding(
    'ffmpeg',
    path ?? 'not on PATH',
    path === null
      ? { state: 'note', mend: 'Install ffmpeg if such files are to be taken; WAV needs none.' }
      : null,
    'Recordings other than WAV (MP3, Opus, M4A) are decoded by it.',
  )
}
