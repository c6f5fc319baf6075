import type { SpeechHost } from '../../engineLease.ts'
import { QuantvoxError } from '../../errors.ts'
import { createRemoteSpeechEngines } from './remoteSpeech.ts'
import type { SpeechEngines } from './speechEngines.ts'

/** Speech engines that somebody else runs, by the level that each is said to have. */
export function createSpeechHosts(hosts: readonly SpeechHost[]): SpeechEngines {
  const pools = new Map(
    [...Map.groupBy(hosts, ({ level }) => level)].map(([level, group]) => [
      level,
      createRemoteSpeechEngines(
        group.map(({ url }) => url),
        level,
      ),
    ]),
  )
  const all = [...pools.values()]
  return {
    async acquire(model, owner, signal) {
      const pool = pools.get(model.name) ?? pools.get(null)
      if (pool === undefined) throw notServed(model.name, hosts)
      return await pool.acquire(model, owner, signal)
    },
    loaded: async () => (await Promise.all(all.map(pool => pool.loaded()))).flat(),
    ready() {
      const each = all.map(pool => pool.ready())
      const details = each.flatMap(({ ready, detail }) => (ready || detail === null ? [] : [detail]))
      return {
        ready: each.some(({ ready }) => ready),
        detail: details.length === 0 ? null : details.join(' '),
      }
    },
    async stop() {
      await Promise.all(all.map(pool => pool.stop()))
    },
  }
}

/** The levels that `SPEECH_URL` names, in its order. */
export const levelsOf = (hosts: readonly SpeechHost[]): string[] => [
  ...new Set(hosts.flatMap(({ level }) => level ?? [])),
]

/** `model_not_found`: no address is said to have it. */
export function notServed(name: string, hosts: readonly SpeechHost[]): QuantvoxError {
  return new QuantvoxError('model_not_found', `No speech engine is said to have "${name}".`, {
    meaning: `SPEECH_URL names ${levelsOf(hosts).join(', ')}.`,
    mend: `Choose one of those, or add ${name}=<url> to SPEECH_URL.`,
  })
}
