import type { TurnRecord, TurnText } from '../../../server/protocol/record.ts'
import type { SessionSettings } from '../../../server/protocol/socketServer.ts'
import type { SessionEvent } from '../../../server/session/events.ts'
import type { ScriptedSession } from './scriptedSession.ts'
import type { Seen, Sighting } from './scriptedWorld.ts'
import type { Setup } from './sessionSteps.ts'

/** A whole session, as it was seen from outside. */
export type Talked = Pick<ScriptedSession, 'seen' | 'lines' | 'frames'> & {
  setup: Setup
  turns: Map<string, Sighting[]>
  /** A question that was typed when all was well again. */
  asked: string | null
  rejections: unknown[]
}

type Of<W extends Seen['what']> = { atMs: number } & Extract<Seen, { what: W }>
type Told<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>

export const all = <W extends Seen['what']>(seen: readonly Sighting[], what: W) =>
  seen.filter(one => one.what === what) as Of<W>[]

export const told = <T extends SessionEvent['type']>(seen: readonly Sighting[], type: T) =>
  all(seen, 'told').flatMap(({ event, atMs }) =>
    event.type === type ? [{ ...(event as Told<T>), atMs }] : [],
  )

/** What was seen of each turn, by its id; ids are in the order in which turns began. */
export function turnsOf(seen: readonly Sighting[]): Map<string, Sighting[]> {
  const turns = new Map<string, Sighting[]>()
  for (const one of seen) {
    const id = turnOf(one)
    if (id === undefined) continue
    const known = turns.get(id)
    if (known === undefined) turns.set(id, [one])
    else known.push(one)
  }
  return new Map([...turns].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function turnOf(one: Sighting): string | undefined {
  if (one.what === 'audio') return one.turnId
  if (one.what === 'row') return one.record.turnId
  return one.what === 'told' && 'turnId' in one.event ? one.event.turnId : undefined
}

/** The question that is typed there. */
export const textIn = (one: Sighting): string | undefined =>
  one.what === 'sent' && one.message.type === 'text' ? one.message.text : undefined

/** The turn whose playback is told of there. */
export const reportedIn = (one: Sighting): string | undefined =>
  one.what === 'sent' && one.message.type === 'playback' ? one.message.turnId : undefined

export const rowsOf = ({ seen }: Talked): { record: TurnRecord; text: TurnText; atMs: number }[] =>
  all(seen, 'row')

/** The first complaint of any turn. */
export function ofEach(
  talked: Talked,
  check: (seen: Sighting[], id: string) => string | false,
): string | false {
  for (const [id, seen] of talked.turns) {
    const wrong = check(seen, id)
    if (wrong) return `${wrong} (turn ${id})`
  }
  return false
}

/** A letter for each event of a turn that has its place in an order. */
const letters: Record<string, string> = {
  ...{ 'speech.started': 'S', 'speech.stopped': 'E', 'transcript.partial': 'p', 'transcript.final': 'T' },
  ...{ 'reply.delta': 'd', 'reply.done': 'R', 'audio.started': 'A', audio: 'a', 'audio.done': 'Z' },
  ...{ ducked: 'q', paused: 'P', resumed: 'G', reopened: 'O' },
  ...{ interrupted: 'I', cut: 'C', 'turn.done': 'X', error: 'e' },
}

export const spelled = (seen: Sighting[], ...without: string[]) =>
  seen
    .map(one => (one.what === 'told' ? letters[one.event.type] : one.what === 'audio' ? 'a' : ''))
    .filter(letter => letter !== undefined && !without.includes(letter))
    .join('')

/** What was seen of a turn since more of its question was said the last time. */
export function sinceReopened(seen: readonly Sighting[]): Sighting[] {
  return seen.slice(seen.findLastIndex(one => one.what === 'told' && one.event.type === 'reopened') + 1)
}

/** Of voice activity. */
export const FRAME_MS = 32

/** How long no frames came in the middle of what was said in a turn; 0 where nothing was. */
export function longestGapMs({ seen, frames }: Talked, ofTurn: readonly Sighting[]): number {
  const [started] = told(ofTurn, 'speech.started')
  const stopped = told(ofTurn, 'speech.stopped').at(-1)
  const [row] = all(ofTurn, 'row')
  if (!started || !stopped || row?.record.fromSpeechEnd.turnDecidedMs === null) return 0
  // The first may have begun before, the last is filled up; what was held until the session was ready came at once.
  const [from, until] = [started.positionMs + FRAME_MS, stopped.positionMs - FRAME_MS]
  const readyMs = settingsTold(seen)[0]?.atMs ?? 0
  const of = frames.filter(({ endMs, atMs }) => endMs > from && endMs <= until && atMs > readyMs)
  return Math.max(0, ...of.slice(1).map(({ atMs }, index) => atMs - (of[index]?.atMs ?? atMs)))
}

/** What settings were told, and when. */
export const settingsTold = (seen: readonly Sighting[]): { atMs: number; settings: SessionSettings }[] =>
  all(seen, 'told').flatMap(({ event, atMs }) =>
    event.type === 'ready' || event.type === 'configured' ? [{ atMs, settings: event.settings }] : [],
  )

/** What was in force when a turn's speech ended; several where they changed at that moment, null where it is not known. */
export function settingsOf(
  talked: Talked,
  row: { record: TurnRecord; text: TurnText },
): SessionSettings[] | null {
  const { seen, frames } = talked
  const changes = settingsTold(seen)
  const first = changes[0]
  if (first === undefined) return null
  /** Within one moment it is not known which came first. */
  const at = (ms: number) => [
    changes.findLast(({ atMs }) => atMs < ms)?.settings ?? first.settings,
    ...changes.filter(({ atMs }) => atMs === ms).map(({ settings }) => settings),
  ]
  const stopped = told(seen, 'speech.stopped').findLast(({ turnId }) => turnId === row.record.turnId)
  if (stopped !== undefined) {
    // Nothing was said that could have ended.
    if (row.record.fromSpeechEnd.turnDecidedMs === null) return null
    const arrived = frames.find(({ endMs }) => endMs >= stopped.positionMs)
    const ended = all(seen, 'ended').find(({ record }) => record.turnId === row.record.turnId)
    const endedAtMs = ended?.speechEndedAtMs ?? null
    if (endedAtMs !== null && arrived !== undefined && endedAtMs <= arrived.atMs) return at(endedAtMs)
    if (arrived === undefined) return null
    return [first, ...changes.filter(({ atMs }) => atMs <= arrived.atMs)].map(({ settings }) => settings)
  }
  const typedAt = seen.findIndex(one => textIn(one) === row.text.transcript)
  if (typedAt < 0) return null
  return [settingsTold(seen.slice(0, typedAt)).at(-1)?.settings ?? first.settings]
}

/** Whether a turn began with what was typed there; of a session that is not ready yet it is not known. */
export function isBegunWith(seen: Talked['seen'], index: number): boolean {
  const then = seen.slice(index + 1)
  const next = then.findIndex(({ what }) => what === 'did' || what === 'sent')
  return then.slice(0, next < 0 ? then.length : next).some(({ what }) => what === 'began')
}

/** What an error was in the beginning. */
export function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error
}
