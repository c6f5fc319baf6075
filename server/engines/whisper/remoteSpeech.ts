import { untilAborted } from '../../abort.ts'
import type { SpeechEngineLease } from '../../engineLease.ts'
import { QuantvoxError } from '../../errors.ts'
import { viaProxy } from '../../proxies.ts'
import { isMoonshineName } from '../../shared/defaults/speechDefaults.ts'
import { createGate } from '../gate.ts'
import type { LoadedSpeechModel, SpeechEngines } from './speechEngines.ts'
import { whisperIsHealthy } from './whisperServers.ts'

type Remote = {
  url: string
  busy: boolean
  healthy: boolean
  checkedAt: number
  checking: Promise<void> | null
}

/** A healthy answer is believed this long, a bad one a little. */
const HEALTHY_FOR_MS = 5000
const UNHEALTHY_FOR_MS = 1000
const HEALTH_TIMEOUT_MS = 2000

/**
 * whisper-servers that somebody else runs (`SPEECH_URL`). Each URL that answers its health check is a place for one
 * request (a whisper-server works on one at a time; a load balancer's URL may be given several times); one that does
 * not is none until it answers again. Which model they have loaded is theirs to say: they are not asked for one by name.
 * @param level what all of them are said to have loaded; it may be one of our own Moonshine engine
 */
export function createRemoteSpeechEngines(urls: string[], level: string | null = null): SpeechEngines {
  const program = level !== null && isMoonshineName(level) ? 'moonshine' : 'whisper-server'
  const remotes = urls.map(
    (url): Remote => ({
      url: url.replace(/\/+$/, ''),
      busy: false,
      healthy: false,
      checkedAt: Number.NEGATIVE_INFINITY,
      checking: null,
    }),
  )
  const someHealthy = () => remotes.some(({ healthy }) => healthy)
  // When none answers, nobody has anything to wait for: all come in and are told.
  const gate = createGate(() =>
    someHealthy() ? remotes.filter(({ healthy, busy }) => healthy || busy).length : Number.POSITIVE_INFINITY,
  )
  const stopping = new AbortController()

  function check(remote: Remote): Promise<void> {
    const freshForMs = remote.healthy ? HEALTHY_FOR_MS : UNHEALTHY_FOR_MS
    if (performance.now() - remote.checkedAt < freshForMs) return Promise.resolve()
    remote.checking ??= whisperIsHealthy(
      remote.url,
      AbortSignal.any([stopping.signal, AbortSignal.timeout(HEALTH_TIMEOUT_MS)]),
    )
      .catch(() => false)
      .then(healthy => {
        remote.healthy = healthy
        remote.checkedAt = performance.now()
        remote.checking = null
        gate.admit()
      })
    return remote.checking
  }

  const noneAnswers = `No ${program} answers at ${urls.map(url => url + viaProxy(url)).join(', ')}.`

  /** Does not wait for a dead one when a healthy one is known. */
  async function untilSomeAnswers(): Promise<void> {
    const checks = remotes.map(check)
    if (!someHealthy()) await Promise.all(checks)
    if (someHealthy()) return
    throw new QuantvoxError('engine_unavailable', noneAnswers, {
      meaning: 'Nothing that is said can be transcribed.',
      mend: 'Start it, or unset SPEECH_URL so that Quantvox runs its own.',
      retryAfterSeconds: 2,
    })
  }

  const leaseOf = (remote: Remote, queueMs: number, release: () => void): SpeechEngineLease => ({
    baseUrl: remote.url,
    queueMs,
    cold: false,
    loadMs: null,
    engine: `${program} at ${remote.url}`,
    host: remote.url,
    explain: async error => error,
    release() {
      // The request may have failed because the engine is gone: whoever comes next waits for what this says.
      remote.checkedAt = Number.NEGATIVE_INFINITY
      void check(remote)
      release()
    },
  })

  return {
    async acquire(_model, owner, signal) {
      for (let queueMs = 0; ; ) {
        await untilAborted(untilSomeAnswers(), signal)
        const { waitedMs, leave } = await gate.enter(owner, signal)
        queueMs += waitedMs
        const remote = remotes.find(({ healthy, busy }) => healthy && !busy)
        if (remote === undefined) {
          // The one that was free has died in this moment.
          leave()
          continue
        }
        remote.busy = true
        let left = false
        const release = () => {
          if (left) return
          left = true
          remote.busy = false
          leave()
        }
        await untilAborted(check(remote), signal).catch(error => {
          release()
          throw error
        })
        if (remote.healthy) return leaseOf(remote, queueMs, release)
        release()
      }
    },
    async loaded() {
      await Promise.all(remotes.map(check))
      return remotes.map(
        (remote): LoadedSpeechModel => ({
          name: level ?? remote.url,
          engine: program,
          pid: null,
          residentBytes: null,
          state: remote.healthy ? 'ready' : 'failed',
          lastError: remote.healthy ? null : 'It does not answer its health check.',
          loadMs: null,
          warmMs: null,
          cpuFeatures: null,
          gpu: null,
          url: remote.url,
        }),
      )
    },
    ready() {
      for (const remote of remotes) void check(remote)
      const asked = remotes.filter(remote => remote.checkedAt > Number.NEGATIVE_INFINITY)
      if (someHealthy()) return { ready: true, detail: null }
      if (asked.length === 0) return { ready: false, detail: 'The whisper-servers were not asked yet.' }
      return { ready: false, detail: noneAnswers }
    },
    stop() {
      stopping.abort(new Error('The server stops.'))
      return Promise.resolve()
    },
  }
}
