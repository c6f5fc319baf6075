import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sleep, within } from '../../abort.ts'
import { QuantvoxError } from '../../errors.ts'
import { tellRouter } from './admin.ts'

const TURNS_END_WITHIN_MS = 60_000
const LOOK_AGAIN_MS = 200
const GIVEN_BACK_WITHIN_MS = 5_000

/**
 * Takes this host out of the pools of a router (HAProxy's runtime API), so that nobody else uses its engines, and waits until what was
 * under way there has ended. A process of its own gives it back: when it is told to, or when this process ends, by SIGKILL too.
 *
 * @param servers as the router names them, `backend/server`
 * @returns gives it back
 * @throws QuantvoxError `engine_unavailable` where the router cannot be told, `engine_timeout` where a turn does not end within 60 s; the
 * signal's reason when aborted
 */
export async function takeFromPools(
  socket: string,
  servers: readonly string[],
  signal: AbortSignal,
): Promise<() => Promise<void>> {
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
  const exited = new Promise<void>(settle => child.once('close', () => settle()))
  child.once('error', () => undefined)
  child.stdin.on('error', () => undefined)
  const giveBack = async () => {
    child.stdin.end()
    await within(exited, GIVEN_BACK_WITHIN_MS, () => undefined)
  }
  try {
    for (const server of servers) await set(socket, server)
    await untilIdle(socket, servers, signal)
    return giveBack
  } catch (error) {
    await giveBack()
    throw error
  }
}

async function set(socket: string, server: string): Promise<void> {
  const answer = await tellRouter(socket, `set server ${server} state maint`).catch((error: unknown) => {
    throw untold(`The router cannot be told at ${socket}.`, error)
  })
  if (answer !== '') throw untold(`The router does not take out ${server}: ${answer.slice(0, 200)}`)
}

async function untilIdle(socket: string, servers: readonly string[], signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + TURNS_END_WITHIN_MS
  while (busyIn(await tellRouter(socket, 'show stat')).some(server => servers.includes(server))) {
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

/** Servers with sessions, of HAProxy's CSV: proxy, server, queue, its maximum, sessions. */
function busyIn(csv: string): string[] {
  return csv
    .split('\n')
    .map(line => line.split(','))
    .filter(([, , , , sessions]) => Number(sessions) > 0)
    .map(([backend, server]) => `${backend}/${server}`)
}

function untold(message: string, cause?: unknown): QuantvoxError {
  return new QuantvoxError('engine_unavailable', message, {
    meaning: 'Turns of others would be measured along, so nothing is.',
    mend: 'Check ROUTER_SOCKET and ROUTER_SERVERS, or unset them where this machine is in no pool.',
    ...(cause === undefined ? {} : { cause }),
  })
}
