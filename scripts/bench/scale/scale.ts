import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { HAPROXY_PACKAGE, type Haproxy, haproxyOf } from '../../../test/support/pools/haproxy.ts'
import { startScriptedPool } from '../../../test/support/pools/scriptedPool.ts'
import { startScriptedServer } from '../../../test/support/scriptedServer/start.ts'
import { converse } from './affinity.ts'
import { ms, p95, pairedDifference } from './figures.ts'
import { burst, closedLoop } from './load.ts'
import { routeTo, startRealHosts } from './realHosts.ts'
import { firstTokens, leaving } from './router.ts'

/**
 * `npm run bench:scale`: what several hosts behind docs/operations/router.cfg cost and give, with the real HAProxy on this machine: the way
 * through the router, who leaves, two hosts beside one, too many at once, and conversations before two real Ollamas.
 */

type Options = { pairs: string; seconds: string; conversations: string }

/** As many for each host. */
const PEOPLE = 4
/** As long a question waits in the router. */
const QUEUE_MS = 1000

await new Command('bench:scale')
  .option('--pairs <n>', 'first tokens asked of a host and through the router', '100')
  .option('--seconds <n>', 'how long one and two hosts are under load', '15')
  .option(
    '--conversations <n>',
    'conversations of six turns before two real Ollamas; 0 leaves them out',
    '20',
  )
  .action(run)
  .parseAsync()
process.exit()

async function run({ pairs, seconds, conversations }: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-scale-'))
  try {
    const python = join(folder, 'python')
    await promisify(execFile)('python3', ['-m', 'venv', python])
    const program = join(python, 'bin/python')
    await promisify(execFile)(program, ['-m', 'pip', 'install', '--quiet', HAPROXY_PACKAGE])
    const haproxy = await haproxyOf(program)
    try {
      await throughTheRouter(haproxy, join(folder, 'router'), Number(pairs))
      await oneAndTwo(haproxy, join(folder, 'load'), Number(seconds))
      await tooMany(haproxy, join(folder, 'overload'))
      if (Number(conversations) > 0) await affinity(haproxy, folder, Number(conversations))
    } finally {
      haproxy.end()
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function throughTheRouter(haproxy: Haproxy, folder: string, pairs: number): Promise<void> {
  const pool = await startScriptedPool(haproxy, folder, { SCRIPTED_TOKEN_MS: '20' })
  try {
    const { firstMs, secondMs, differenceMs, interval } = pairedDifference(await firstTokens(pool, pairs))
    const between = interval === null ? '' : ` (${interval.map(ms).join(' to ')})`
    console.log(`first token, p50 of ${pairs}: host ${ms(firstMs)}, through the router ${ms(secondMs)}`)
    console.log(`  the router adds ${ms(differenceMs)}${between}; bar 2 ms`)
    const seen = await leaving(pool, 40)
    console.log(
      `who leaves a reply is seen by its host after ${ms(p95(seen))} (p95 of 40, a token every 20 ms); bar 50 ms`,
    )
  } finally {
    pool.stop()
  }
}

async function oneAndTwo(haproxy: Haproxy, folder: string, seconds: number): Promise<void> {
  const rates: number[] = []
  for (const hosts of [1, 2]) {
    const own = join(folder, `${hosts}`)
    const pool = await startScriptedPool(haproxy, own, { SCRIPTED_TOKEN_MS: '60' }, { LLM_HOST_SLOTS: '1' })
    const server = await startScriptedServer(own, pool.settings)
    try {
      if (hosts === 1) pool.llm[1]?.kill()
      await closedLoop(server.url, PEOPLE * hosts, 2)
      const asked = await closedLoop(server.url, PEOPLE * hosts, seconds)
      const answered = asked.filter(({ status }) => status === 200)
      rates.push(answered.length / seconds)
      const times = answered.map(each => each.ms)
      console.log(
        `${hosts} ${hosts === 1 ? 'host ' : 'hosts'}, ${PEOPLE * hosts} people: ${(rates.at(-1) ?? 0).toFixed(2)} turns a second, p95 ${ms(p95(times))}, ${asked.length - answered.length} refused`,
      )
    } finally {
      server.child.kill('SIGKILL')
      await server.exited
      pool.stop()
    }
  }
  console.log(`  two hosts give ${((rates[1] ?? 0) / (rates[0] ?? 1)).toFixed(2)} × of one; bar 1.8`)
}

async function tooMany(haproxy: Haproxy, folder: string): Promise<void> {
  const script = { SCRIPTED_TOKEN_MS: '400' }
  const router = { LLM_HOST_SLOTS: '1', QUEUE_TIMEOUT: `${QUEUE_MS}ms` }
  const pool = await startScriptedPool(haproxy, folder, script, router)
  const server = await startScriptedServer(folder, pool.settings)
  try {
    const asked = await burst(server.url, 12)
    const refused = asked.filter(({ status }) => status === 503)
    const latest = Math.max(...refused.map(each => each.ms))
    console.log(
      `12 at once before two hosts of one place: ${refused.length} refused, the last after ${ms(latest)}; bar ${QUEUE_MS + 100} ms`,
    )
    const after = await burst(server.url, 2)
    console.log(`  after them ${after.filter(({ status }) => status === 200).length} of 2 are answered`)
  } finally {
    server.child.kill('SIGKILL')
    await server.exited
    pool.stop()
  }
}

async function affinity(haproxy: Haproxy, folder: string, conversations: number): Promise<void> {
  const signal = AbortSignal.timeout(1_800_000)
  const hosts = await startRealHosts(conversations, signal)
  try {
    for (const sticks of [true, false]) {
      const router = await routeTo(hosts, haproxy, await mkdtemp(join(folder, 'affinity-')), sticks)
      const { turns, stayed, promptEvalMs } = await converse(router, hosts.model, conversations)
      console.log(
        `${hosts.model}, ${conversations} conversations of 6 turns ${sticks ? 'by conversation' : 'at random      '}: ${stayed} of ${turns} at the host of the turn before, prompt evaluation ${ms(promptEvalMs)} a turn`,
      )
    }
  } finally {
    await hosts.stop()
  }
}
