import type { Clock } from './events.ts'
import type { Cancel } from './fifoPool.ts'
import {
  createLanguageHost,
  type LanguageHost,
  type LanguageJob,
  type LanguageRates,
} from './languageHost.ts'

/**
 * How a router places what is asked: any host, with a queue at each; one queue for all; the conversation's host, with a queue at each;
 * or the conversation's host unless it is full and waited for, as docs/operations/router.cfg does.
 */
export const policies = ['random', 'central', 'sticky', 'bounded'] as const
export type Policy = (typeof policies)[number]

/** What docs/operations/router.cfg has as `maxqueue`. */
const WAITING_AT_A_HOST = 1

export type LanguageAsk = Omit<LanguageJob, 'promptTokens'> & {
  conversation: number
  /** Of the prompt in a host's cache if it is that of the conversation, and if it is not. */
  tokens: { whole: number; cached: number; shared: number }
  begun: (waitedMs: number, fromCache: boolean) => void
}

export type LanguagePool = {
  ask(ask: LanguageAsk): Cancel
  figures(): { jobMs: number; busyMs: number }
}

type Host = { engine: LanguageHost; queue: Waiting[]; cache: Map<number, true> }
type Waiting = { ask: LanguageAsk; askedAt: number }

export function createLanguagePool(
  clock: Clock,
  options: {
    hosts: number
    slots: number
    rates: LanguageRates
    policy: Policy
    /** How many conversations a host keeps in its cache, the least recently used first to go. */
    cachedConversations: number
    random: () => number
  },
): LanguagePool {
  const { slots, rates, policy, cachedConversations, random } = options
  const hosts = Array.from(
    { length: options.hosts },
    (): Host => ({ engine: createLanguageHost(clock, rates), queue: [], cache: new Map() }),
  )
  const central: Waiting[] = []
  const homes = new Map<number, Host>()
  const underWay = new Map<LanguageAsk, { host: Host; job: LanguageJob }>()

  const isFree = ({ engine }: Host) => engine.active < slots
  const load = ({ engine, queue }: Host) => engine.active + queue.length
  let last = 0
  /** Of those that have as little to do the next in turn, as HAProxy's leastconn has it. */
  function leastLoaded(): Host | null {
    let best: Host | null = null
    let place = last
    for (let step = 1; step <= hosts.length; step++) {
      const index = (last + step) % hosts.length
      const host = hosts[index]
      if (host !== undefined && (best === null || load(host) < load(best))) [best, place] = [host, index]
    }
    last = place
    return best
  }

  /** The host that is to do it, or in whose queue it waits; null for the queue of all. */
  function place({ conversation }: LanguageAsk): Host | null {
    const home = homes.get(conversation)
    if (policy === 'random') return hosts[Math.floor(random() * hosts.length)] ?? null
    if (policy === 'sticky') return home ?? leastLoaded()
    if (policy === 'bounded' && home !== undefined && (isFree(home) || home.queue.length < WAITING_AT_A_HOST))
      return home
    const best = leastLoaded()
    return best !== null && isFree(best) ? best : null
  }

  function begin({ ask, askedAt }: Waiting, host: Host): void {
    const { conversation, tokens, marks, outputTokens } = ask
    homes.set(conversation, host)
    const fromCache = host.cache.delete(conversation)
    host.cache.set(conversation, true)
    for (const [oldest] of host.cache) {
      if (host.cache.size <= cachedConversations) break
      host.cache.delete(oldest)
    }
    const promptTokens = tokens.whole - (fromCache ? tokens.cached : tokens.shared)
    const done = () => {
      left(ask, host)
      ask.done()
    }
    const job = { promptTokens, outputTokens, marks, done }
    underWay.set(ask, { host, job })
    ask.begun(clock.now - askedAt, fromCache)
    host.engine.begin(job)
  }

  function left(ask: LanguageAsk, host: Host): void {
    underWay.delete(ask)
    // Of those who wait for this host and those who wait for any the one that came first, as HAProxy does.
    const [own, any] = [host.queue[0], central[0]]
    const queue = own === undefined || (any !== undefined && any.askedAt < own.askedAt) ? central : host.queue
    const next = queue.shift()
    if (next !== undefined) begin(next, host)
  }

  return {
    ask(ask) {
      const waiting = { ask, askedAt: clock.now }
      const host = place(ask)
      if (host !== null && isFree(host)) begin(waiting, host)
      else (host?.queue ?? central).push(waiting)
      return () => {
        const doing = underWay.get(ask)
        if (doing !== undefined) {
          doing.host.engine.stop(doing.job)
          return left(ask, doing.host)
        }
        const queue = host?.queue ?? central
        const index = queue.indexOf(waiting)
        if (index >= 0) queue.splice(index, 1)
      }
    },
    figures() {
      const all = hosts.map(({ engine }) => engine.figures())
      return {
        jobMs: all.reduce((sum, { jobMs }) => sum + jobMs, 0),
        busyMs: all.reduce((sum, { busyMs }) => sum + busyMs, 0),
      }
    },
  }
}
