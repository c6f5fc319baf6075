import { QuantvoxError } from '../../errors.ts'
import { createGate } from '../gate.ts'
import type { LoadedSpeechModel, SpeechEngines } from './speechEngines.ts'
import { whisperIsHealthy } from './whisperServers.ts'

type Remote = {
  url: string
  users: number
  healthy: boolean
  checkedAt: number
  checking: Promise<void> | null
}

/** A healthy answer is believed this long, a bad one a little. */
const healthyForMs = 5000
const unhealthyForMs = 1000
const healthTimeoutMs = 2000

/**
 * whisper-servers that somebody else runs (`SPEECH_URL`). As many requests go out at once as URLs are given (a
 * whisper-server works on one at a time; a load balancer's URL may be given several times), each to the least busy
 * healthy one. Which model they have loaded is theirs to say: they are not asked for one by name.
 */
export function createRemoteSpeechEngines(urls: string[]): SpeechEngines {
  const remotes = urls.map(
    (url): Remote => ({
      url: url.replace(/\/+$/, ''),
      users: 0,
      healthy: false,
      checkedAt: Number.NEGATIVE_INFINITY,
      checking: null,
    }),
  )
  const gate = createGate(remotes.length)
  const stopping = new AbortController()

  function check(remote: Remote): Promise<void> {
    const freshForMs = remote.healthy ? healthyForMs : unhealthyForMs
    if (performance.now() - remote.checkedAt < freshForMs) return Promise.resolve()
    remote.checking ??= whisperIsHealthy(
      remote.url,
      AbortSignal.any([stopping.signal, AbortSignal.timeout(healthTimeoutMs)]),
    )
      .catch(() => false)
      .then(healthy => {
        remote.healthy = healthy
        remote.checkedAt = performance.now()
        remote.checking = null
      })
    return remote.checking
  }

  /** Does not wait for a dead one when a healthy one is known. */
  async function leastBusy(): Promise<Remote> {
    const byUse = () => remotes.filter(remote => remote.healthy).sort((a, b) => a.users - b.users)
    const checks = remotes.map(check)
    const known = byUse()[0]
    await (known === undefined ? Promise.all(checks) : check(known))
    const best = byUse()[0]
    if (best !== undefined) return best
    await Promise.all(checks)
    const last = byUse()[0]
    if (last !== undefined) return last
    throw new QuantvoxError('engine_unavailable', `No whisper-server answers at ${urls.join(', ')}.`, {
      meaning: 'Nothing that is said can be transcribed.',
      mend: 'Start it, or unset SPEECH_URL so that Quantvox runs its own.',
      retryAfterSeconds: 2,
    })
  }

  return {
    async acquire(_model, owner, signal) {
      const place = await gate.enter(owner, signal)
      try {
        const remote = await leastBusy()
        signal.throwIfAborted()
        remote.users += 1
        let released = false
        return {
          baseUrl: remote.url,
          queueMs: place.waitedMs,
          cold: false,
          loadMs: null,
          engine: `whisper-server at ${remote.url}`,
          release() {
            if (released) return
            released = true
            remote.users -= 1
            // A request may have failed because the engine is gone: ask before the next one goes there.
            remote.checkedAt = Math.min(remote.checkedAt, performance.now() - unhealthyForMs)
            place.leave()
          },
        }
      } catch (error) {
        place.leave()
        throw error
      }
    },
    async loaded() {
      await Promise.all(remotes.map(check))
      return remotes.map(
        (remote): LoadedSpeechModel => ({
          name: remote.url,
          pid: null,
          residentBytes: null,
          state: remote.healthy ? 'ready' : 'failed',
          lastError: remote.healthy ? null : 'It does not answer its health check.',
          loadMs: null,
          warmMs: null,
          cpuFeatures: null,
        }),
      )
    },
    ready() {
      for (const remote of remotes) void check(remote)
      const asked = remotes.filter(remote => remote.checkedAt > Number.NEGATIVE_INFINITY)
      if (remotes.some(remote => remote.healthy)) return { ready: true, detail: null }
      if (asked.length === 0) return { ready: false, detail: 'The whisper-servers were not asked yet.' }
      return { ready: false, detail: `No whisper-server answers at ${urls.join(', ')}.` }
    },
    stop() {
      stopping.abort(new Error('The server stops.'))
      return Promise.resolve()
    },
  }
}
