import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sleep, within } from '../../abort.ts'
import { QuantvoxError } from '../../errors.ts'
import { tellRouter } from './admin.ts'

const TURNS_END_WITHIN_MS = 60_000
const LOOK_AGAIN_MS = 200
/** Longer than `giveBack.ts` tries: 20 times, each time at most 5 s and one more. */
const GIVEN_BACK_WITHIN_MS = 130_000

/**
 * Takes this host out of the pools of a router (HAProxy's runtime API), so that nobody else uses its engines, and waits until what was
 * under way there has ended. A process of its own gives it back: when it is told to, or when this process ends, by SIGKILL too.
 *
 * @param servers as the router names them, `backend/server`
 * @returns gives it back; rejects with `engine_unavailable` where the router does not take it
 * @throws QuantvoxError `engine_unavailable` where the router cannot be told, `invalid_state` where the host is out already, `engine_timeout`
 * where a turn does not end within 60 s; the signal's reason when aborted
 */
export async function takeFromPools(
  socket: string,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  signal.throwIfAborted()
  // What somebody else took is not ours to give back, and is given back while we measure.
  const out = (await told(socket, servers)).find(({ isOut }) => isOut)
  if (out !== undefined) throw outAlready(out.name)
  signal.throwIfAborted()
  const program = fileURLToPath(new URL('./giveBack.ts', import.meta.url))
  // Before anything is taken; and in a group of its own, since Ctrl-C ends the whole group of this process.
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, socket, ...servers],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  )
  const exited = new Promise<number | null>(settle => child.once('close', settle))
  child.once('error', () => undefined)
  child.stdin.on('error', () => undefined)
  const giveBack = async () => {
    child.stdin.end()
    const code = await within(exited, GIVEN_BACK_WITHIN_MS, () => null)
    if (code !== 0) throw notGivenBack(servers)
  }
  try {
    for (const server of servers) await set(socket, server)
    await untilIdle(socket, servers, signal)
    return giveBack
  } catch (error) {
    await giveBack().catch(() => {})
    throw error
  }
}

async function set(socket: string, server: string): Promise<void> {
  const answer = await tell(socket, `set server ${server} state maint`)
  if (answer !== '') throw untold(`The router does not take out ${server}: ${answer.slice(0, 200)}`)
}

const tell = (socket: string, command: string): Promise<string> =>
  tellRouter(socket, command).catch((error: unknown) => {
    throw untold(`The router cannot be told at ${socket}.`, error)
  })

async function untilIdle(socket: string, servers: readonly string[], signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + TURNS_END_WITHIN_MS
  while ((await told(socket, servers)).some(({ isBusy }) => isBusy)) {
    if (performance.now() > deadline) {
      throw new QuantvoxError(
        'engine_timeout',
        `Work on this host did not end within ${TURNS_END_WITHIN_MS / 1000} s.`,
        {
          meaning: 'What is measured beside it would say nothing.',
          mend: 'Try again when less is asked.',
        },
      )
    }
    await sleep(LOOK_AGAIN_MS, signal)
  }
}

/** What is told of each, in HAProxy's CSV: proxy, server, queue, its maximum, sessions, and as the 18th the state. */
async function told(socket: string, servers: readonly string[]) {
  const lines = (await tell(socket, 'show stat')).split('\n').map(line => line.split(','))
  return servers.map(name => {
    const line = lines.find(([backend, server]) => `${backend}/${server}` === name)
    // A router that ends says nothing, which must not be taken for nothing under way.
    if (line === undefined) throw untold(`The router says nothing of ${name}.`)
    return { name, isBusy: Number(line[4]) > 0, isOut: /^(MAINT|DRAIN)/.test(line[17] ?? '') }
  })
}

function outAlready(server: string): QuantvoxError {
  return new QuantvoxError('invalid_state', `The router has ${server} out of its pool already.`, {
    meaning: 'Somebody maintains it, or another lab measures there and will give it back.',
    mend: `Wait for that, or tell the router "set server ${server} state ready".`,
  })
}

function notGivenBack(servers: readonly string[]): QuantvoxError {
  return new QuantvoxError('engine_unavailable', `The router did not take back ${servers.join(' and ')}.`, {
    meaning: 'They get no turns.',
    mend: `Tell the router "set server ${servers[0]} state ready", each of them.`,
  })
}

function untold(message: string, cause?: unknown): QuantvoxError {
  return new QuantvoxError('engine_unavailable', message, {
    meaning: 'Turns of others would be measured along, so nothing is.',
    mend: 'Check ROUTER_SOCKET and ROUTER_SERVERS, or unset them where this machine is in no pool.',
    ...(cause === undefined ? {} : { cause }),
  })
}
