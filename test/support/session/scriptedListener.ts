import type { Playback } from '../../../server/protocol/socketClient.ts'
import type { Sink } from '../../../server/session/events.ts'
import type { VirtualTime } from '../virtualTime.ts'
import type { ScriptedWorld } from './scriptedWorld.ts'
import type { Setup } from './sessionSteps.ts'

/** What a listener takes more of its time for than the audio lasts. */
const SLOWNESS = 1.2
const REPORT_MS = 5

type Waiting = { turnId: string; audioMs: number; settle(taken: boolean): void }
/** `stoodAtMs`: since when it stands still; null while it plays. */
type Playing = { endsAtMs: number; sentMs: number; stoodAtMs: number | null }

/** Who hears a session: takes its audio, plays it, may tell of it. */
export function createScriptedListener(
  { world, see }: ScriptedWorld,
  { reports, pauses, letterMs }: Setup,
  time: VirtualTime,
  report: (playback: Playback) => void,
): Sink & { changed(): void; leave(): void } {
  let waiting: Waiting[] = []
  const cut = new Set<string>()
  const playing = new Map<string, Playing>()
  let isTaking = false
  let hasLeft = false

  const reportLater = (ms: number, playback: Omit<Playback, 'type'>) => {
    if (reports) time.later(ms, () => report({ type: 'playback', ...playback }))
  }

  function take({ turnId, audioMs, settle }: Waiting): void {
    const known = playing.get(turnId)
    const stoodAtMs = known?.stoodAtMs ?? null
    const endsAtMs = Math.max(stoodAtMs ?? time.now(), known?.endsAtMs ?? 0) + audioMs
    playing.set(turnId, { endsAtMs, sentMs: (known?.sentMs ?? 0) + audioMs, stoodAtMs })
    if (known === undefined) reportLater(REPORT_MS, { turnId, event: 'started', positionMs: 0 })
    settle(true)
  }

  function pump(): void {
    while (waiting.length > 0 && !isTaking && world.reads !== 'not') {
      const [next] = waiting
      if (next === undefined) return
      if (world.reads === 'at once') {
        waiting.shift()
        take(next)
        continue
      }
      isTaking = true
      time.later(next.audioMs * SLOWNESS, () => {
        isTaking = false
        if (waiting[0] === next) {
          waiting.shift()
          take(next)
        }
        pump()
      })
    }
  }

  const leftMs = (turnId: string) => {
    const { endsAtMs, stoodAtMs } = playing.get(turnId) ?? { endsAtMs: 0, stoodAtMs: null }
    return Math.max(0, endsAtMs - (stoodAtMs ?? time.now()))
  }

  /** Once all has played, however often it stood still. */
  function reportEnd(turnId: string): void {
    if (!reports || cut.has(turnId)) return
    const isOver = leftMs(turnId) === 0 && (playing.get(turnId)?.stoodAtMs ?? null) === null
    if (isOver) report({ type: 'playback', turnId, event: 'ended' })
    else time.later(Math.max(50, leftMs(turnId)), () => reportEnd(turnId))
  }

  function standStill(turnId: string, stands: boolean): void {
    const known = playing.get(turnId)
    if (!pauses || known === undefined || stands === (known.stoodAtMs !== null)) return
    if (known.stoodAtMs !== null) known.endsAtMs += time.now() - known.stoodAtMs
    known.stoodAtMs = stands ? time.now() : null
  }

  function drop(isGone: (item: Waiting) => boolean): void {
    const gone = waiting.filter(isGone)
    waiting = waiting.filter(item => !isGone(item))
    for (const { settle } of gone) settle(false)
  }

  return {
    play({ turnId, samples, sampleRate }) {
      const audioMs = (samples.length / sampleRate) * 1000
      const audio = see({ what: 'audio', turnId, audioMs, taken: null })
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const settle = (taken: boolean) => {
        if (audio.what === 'audio') audio.taken = taken
        resolve(taken)
      }
      if (hasLeft || cut.has(turnId)) settle(false)
      else waiting.push({ turnId, audioMs, settle })
      pump()
      return promise
    },
    tell(event) {
      see({ what: 'told', event })
      if (event.type === 'cut') {
        cut.add(event.turnId)
        drop(({ turnId }) => turnId === event.turnId)
      }
      if (event.type === 'reopened') drop(({ turnId }) => turnId === event.turnId)
      if (!('turnId' in event) || event.turnId === undefined) return
      const { turnId } = event
      const sentMs = playing.get(turnId)?.sentMs ?? 0
      if (event.type === 'paused' || event.type === 'resumed') standStill(turnId, event.type === 'paused')
      if (event.type === 'audio.done') time.later(leftMs(turnId) + REPORT_MS, () => reportEnd(turnId))
      if (event.type === 'reply.done' && sentMs === 0) {
        const end = { turnId, event: 'ended' as const, textLength: event.text.length }
        reportLater(event.text.length * letterMs + REPORT_MS, end)
      }
      if (event.type === 'interrupted')
        reportLater(REPORT_MS, { turnId, event: 'stopped', positionMs: sentMs - leftMs(turnId) })
    },
    changed: pump,
    leave() {
      hasLeft = true
      drop(() => true)
    },
  }
}
