import type { Profile } from './profile.ts'
import { COUNTED_MS, type Outcome, type Plan, simulate } from './simulate.ts'

/** Speakers of one cell: an edge, a router, pools and a database of its own. */
export const CELL = 1000
/** Of what a replica or a speech host could do, so that others can take over what one had. */
const FILLED = 0.7
/** Two, so that one can be restarted. */
const MIN_REPLICAS = 2
/** What a page sends while it listens: 16 kHz of 16 bits. */
const UP_BITS_PER_SECOND = 256_000
/** What a voice is sent as while it speaks: 24 kHz of 16 bits. */
const DOWN_BITS_PER_SECOND = 384_000

/** What serves one cell, and how well. */
export type CellSizing = { plan: Plan; outcome: Outcome }

export type Sizing = CellSizing & {
  speakers: number
  cells: number
  /** Of all cells. */
  recordBytesPerSecond: number
  upBitsPerSecond: number
  downBitsPerSecond: number
}

/** Tried at most, of a cell. */
const MOST_HOSTS = 64

/**
 * The fewest language hosts with which the first audio comes within `goalMs` for 95 of 100 turns, if each keeps so many conversations
 * in its cache; null for none up to 64 a cell.
 */
export function cellFor(
  profile: Profile,
  speakers: number,
  goal: { goalMs: number; cachedConversations: number; seed: number },
): CellSizing | null {
  const plan: Plan = {
    speakers,
    replicas: Math.max(MIN_REPLICAS, Math.ceil(speakers / sessionsOfReplica(profile))),
    languageHosts: MOST_HOSTS,
    speechHosts: speechHostsFor(profile, speakers),
    policy: 'bounded',
    partials: 'shed',
    cachedConversations: goal.cachedConversations,
  }
  const tried = (languageHosts: number) => simulate(profile, { ...plan, languageHosts }, goal.seed)
  let [tooFew, hosts, outcome] = [0, MOST_HOSTS, tried(MOST_HOSTS)]
  if (outcome.firstAudio.p95 > goal.goalMs) return null
  while (hosts - tooFew > 1) {
    // Few are tried first: most of what is asked for is small.
    const between = Math.min(Math.max(2 * tooFew, 1), (tooFew + hosts) >> 1)
    const next = tried(between)
    if (next.firstAudio.p95 > goal.goalMs) tooFew = between
    else [hosts, outcome] = [between, next]
  }
  return { plan: { ...plan, languageHosts: hosts }, outcome }
}

/** Cells have nothing in common, so of several each does what one does; speakers of one cell. */
export const speakersOfCell = (speakers: number): number => Math.ceil(speakers / Math.ceil(speakers / CELL))

export function sized(profile: Profile, speakers: number, cell: CellSizing): Sizing {
  const cells = Math.ceil(speakers / CELL)
  return {
    ...{ ...cell, speakers, cells },
    recordBytesPerSecond: cells * cell.outcome.turnsPerSecond * profile.rowBytes,
    upBitsPerSecond: speakers * UP_BITS_PER_SECOND,
    downBitsPerSecond: cells * cell.outcome.spokenTo * DOWN_BITS_PER_SECOND,
  }
}

/** So many of one core. */
export const sessionsOfReplica = ({ sessionShare }: Profile): number =>
  Math.max(1, Math.floor(FILLED / sessionShare + 1e-9))

/** By final decodings alone: partial ones are shed. How much those are by a run in which nobody waits. */
function speechHostsFor(profile: Profile, speakers: number): number {
  const alone: Plan = {
    ...{ speakers: 20, replicas: 20, languageHosts: 20, speechHosts: 20 },
    ...{ policy: 'bounded', partials: 'shed', cachedConversations: profile.slots },
  }
  const { speechBusy } = simulate({ ...profile, partialEveryMs: COUNTED_MS }, alone, 1)
  return Math.max(1, Math.ceil((speechBusy * alone.speechHosts * speakers) / alone.speakers / FILLED))
}
