import { type Config, isLoopback } from '../../server/config.ts'
import { probeOllama } from '../../server/engines/ollama/ollama.ts'
import { catalog, findOllama, type SetupContext } from '../../server/setup/index.ts'
import { compareVersions } from '../../server/setup/ollama/ollama.ts'
import type { Facts } from './facts.ts'
import { type Finding, finding } from './finding.ts'

/** How long a running Ollama may take to say its version. */
const ANSWER_WITHIN_MS = 2_000

/** Ollama: there, recent enough, and open to nobody else. */
export async function examineOllama(config: Config, facts: Facts, signal: AbortSignal): Promise<Finding[]> {
  const running = await versionAt(config.OLLAMA_HOST, signal)
  if (running === null) return [await notRunning(config, signal)]
  return [age(running, config.OLLAMA_HOST), await exposure(config.OLLAMA_HOST, facts, signal)]
}

/** The version of the Ollama at `url`; null where none answers. */
export function versionAt(url: string, signal: AbortSignal): Promise<string | null> {
  return probeOllama(url, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]))
}

const why = 'It runs the language model that answers.'

function age(running: string, host: string): Finding {
  const { minimumVersion: safe } = catalog.engines.ollama
  // A release candidate counts as its release.
  const isOld = compareVersions(running.split('-')[0] ?? running, safe) < 0
  return finding(
    'Ollama',
    `${running} runs at ${host}`,
    isOld
      ? {
          state: 'wrong',
          mend: `Update Ollama to ${safe} or newer.`,
          why: `Versions before ${safe} leak memory to whoever can send them a request (CVE-2026-7482).`,
        }
      : null,
    why,
  )
}

async function exposure(host: string, facts: Facts, signal: AbortSignal): Promise<Finding> {
  const what = 'who reaches Ollama'
  const { hostname, port, protocol } = new URL(host)
  if (!isLoopback(hostname)) {
    const isPlain = protocol === 'http:'
    return finding(
      what,
      `whoever reaches ${hostname}: it runs on another machine`,
      {
        state: 'note',
        mend: `See that only this machine reaches its port${isPlain ? ', and that the network between is trusted' : ''}.`,
      },
      `Ollama asks nobody for a password${isPlain ? ', and what is said crosses the network readable' : ''}.`,
    )
  }
  const asked = facts.outsideAddresses.map(async address => {
    const answered = await versionAt(`${protocol}//${address}:${port}`, signal)
    return answered === null ? null : address
  })
  const open = (await Promise.all(asked)).find(address => address !== null)
  return finding(
    what,
    open === undefined ? 'only this machine' : `every machine of the network, at ${open}:${port}`,
    open === undefined
      ? null
      : {
          state: 'wrong',
          mend: 'Start Ollama with OLLAMA_HOST=127.0.0.1, or close its port in the firewall.',
          why: 'Ollama asks nobody for a password: who reaches it can use, replace and delete its models.',
        },
    'Ollama asks nobody for a password, so nobody else should reach it.',
  )
}

async function notRunning(config: Config, signal: AbortSignal): Promise<Finding> {
  if (config.ollamaHostSetByHand) {
    return finding(
      'Ollama',
      `nothing answers at ${config.OLLAMA_HOST}, which OLLAMA_HOST names`,
      { state: 'wrong', mend: 'Start it there, or unset OLLAMA_HOST so that the server runs its own.' },
      why,
    )
  }
  const context: SetupContext = { cacheDir: config.CACHE_DIR, onProgress: () => {}, signal }
  const program = await findOllama(context)
  if (program !== null) {
    const found = `${program.version} is here (${program.origin}); the server starts it`
    return finding('Ollama', found, null, why)
  }
  const mend = `Run "npx quantvox setup", or just start: the server gets Ollama ${catalog.engines.ollama.version}.`
  return finding('Ollama', 'neither running nor here yet', { state: 'note', mend }, why)
}
