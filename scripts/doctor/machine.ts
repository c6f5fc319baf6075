import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../../server/config.ts'
import { type Finding, finding } from './finding.ts'

const GIB = 2 ** 30
/** Engines, both speech families in all levels and the small LLM take about 2.5 GB; a build needs 1.5 more. */
const WANTED_FREE_BYTES = 4 * GIB

/** Node, disk and port. */
export async function examineMachine(config: Config): Promise<Finding[]> {
  return [node(), ...(await Promise.all([disk(config.CACHE_DIR), port(config)]))]
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const holed = major === 24 && minor < 22
  const old = {
    state: 'wrong' as const,
    mend: 'Start through "npx quantvox" or "npm start", which bring Node 24.',
  }
  const hole = {
    state: 'note' as const,
    mend: 'Install Node 24.22.1 or newer once it is to be had; the launcher uses it then.',
  }
  return finding(
    'Node',
    process.version,
    major < 24 ? old : holed ? hole : null,
    holed
      ? 'This version lacks a fix in its Brotli decoder; the server takes no Brotli bodies, so nothing reaches it.'
      : 'TypeScript and SQLite are used as Node 24 brings them.',
  )
}

async function disk(directory: string): Promise<Finding> {
  let existing = directory
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, bsize } = await statfs(existing)
  const free = bavail * bsize
  const mend = { state: 'wrong' as const, mend: `Free space there, or set CACHE_DIR to another disk.` }
  return finding(
    'disk',
    `${(free / GIB).toFixed(1)} GiB free for ${directory}`,
    free < WANTED_FREE_BYTES / 4 ? mend : free < WANTED_FREE_BYTES ? { ...mend, state: 'note' } : null,
    'Engines and models are kept there; building them needs about 4 GiB.',
  )
}

async function port({ HOST, PORT, PUBLIC_URL }: Config): Promise<Finding> {
  const why = 'Browsers and programs reach the server there.'
  const taken = await new Promise<string | null>(settle => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
    probe.listen(PORT, HOST, () => probe.close(() => settle(null)))
  })
  if (taken === null) return finding('port', `${HOST}:${PORT} is free`, null, why)
  const ours = await fetch(`${PUBLIC_URL}/livez`, { signal: AbortSignal.timeout(1000) }).then(
    answer => answer.ok,
    () => false,
  )
  if (ours) return finding('port', `Quantvox answers at ${PUBLIC_URL}`, null, why)
  return finding(
    'port',
    `${HOST}:${PORT} cannot be used (${taken})`,
    { state: 'wrong', mend: 'Stop the other program, or set PORT.' },
    why,
  )
}
