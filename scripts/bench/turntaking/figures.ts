import { bootstrapInterval } from '../../../server/lab/index.ts'
import type { Interval } from '../../../server/protocol/comparisonFigures.ts'
import { quantile } from '../../../server/shared/quantiles.ts'
import { eotBest } from './eot.ts'
import { mustStop, type SoundItem, type TurnItem } from './items/items.ts'
import type { SoundPlayed } from './playSound.ts'
import type { TurnPlayed } from './playTurn.ts'
import { sumOf } from './speculation.ts'

type OutcomeOf<Item, Played> = {
  arm: string
  item: Item
  played: Played
  /** Of the server and its engines, while it was played. */
  cpuSeconds: number | null
}
export type TurnOutcome = OutcomeOf<Pick<TurnItem, 'set' | 'clip' | 'speaker' | 'hold'>, TurnPlayed>
export type SoundOutcome = OutcomeOf<Pick<SoundItem, 'set' | 'clip' | 'speaker' | 'echo'>, SoundPlayed>

/** With a 95 % bootstrap by clip, because what is made of one clip is alike. */
export type Estimate = { value: number; interval: Interval | null }
/** Milliseconds. */
export type Times = { mean: Estimate; p50: number; p90: number }
export type TurnFigures = ReturnType<typeof turnFigures>
export type SoundFigures = ReturnType<typeof soundFigures>

/** How one arm ended turns. What nothing is known of is null. */
export function turnFigures(arm: string, outcomes: readonly TurnOutcome[]) {
  const own = outcomes.filter(outcome => outcome.arm === arm)
  const holds = own.flatMap(({ item, played }) => {
    if (item.hold === null || played.hold === null) return []
    const durationMs = item.hold.endMs - item.hold.startMs
    return [{ durationMs, fireMs: played.hold.endedAfterMs ?? Number.POSITIVE_INFINITY }]
  })
  const ends = own.flatMap(({ played }) => played.decidedMs ?? [])
  const { attempts, discarded, wastedTokens } = sumOf(own.map(({ played }) => played.speculation))
  return {
    ...{ arm, items: own.length, holds: holds.length },
    /** Of the holds those in which a turn ended, and those in which something of its reply was heard. */
    splitPercent: shareOf(own, ({ played: { hold } }) => hold && hold.endedAfterMs !== null),
    heardPercent: shareOf(own, ({ played: { hold } }) => hold?.isHeard ?? null),
    decidedMs: timesOf(own, ({ played }) => played.decidedMs),
    tokenReadyMs: timesOf(own, ({ played }) => played.tokenReadyMs),
    tokenReleasedMs: timesOf(own, ({ played }) => played.tokenReleasedMs),
    firstAudioMs: timesOf(own, ({ played }) => played.firstAudioMs),
    /** Items whose last words no turn was made of, and of which nothing was answered. */
    unheard: own.filter(({ played }) => played.decidedMs === null).length,
    unanswered: own.filter(({ played }) => played.decidedMs !== null && played.tokenReleasedMs === null)
      .length,
    discardedPercent: discarded === null || !attempts ? null : (100 * discarded) / attempts,
    wastedTokens,
    cpuSeconds: secondsOf(own),
    eot: eotBest(holds, ends),
  }
}

/** What sounds over replies did to them in one arm. */
export function soundFigures(arm: string, outcomes: readonly SoundOutcome[]) {
  const own = outcomes.filter(outcome => outcome.arm === arm)
  const told = own.filter(({ played }) => !played.isVoid)
  const real = told.filter(({ item }) => mustStop(item))
  const fake = told.filter(({ item }) => !mustStop(item))
  const isStopped = ({ played }: SoundOutcome) => played.stoppedMs !== null
  return {
    ...{ arm, real: real.length, fake: fake.length },
    /** Replies that were over before it could be told. */
    voids: own.length - told.length,
    falseStopPercent: shareOf(fake, isStopped),
    missed: real.filter(outcome => !isStopped(outcome)).length,
    /** Those told apart wrongly, with what was understood of them. */
    wrong: [...real.filter(outcome => !isStopped(outcome)), ...fake.filter(isStopped)].map(
      ({ item: { set, clip, speaker }, played: { heard } }) => ({ set, clip, speaker, heard }),
    ),
    /** By set, of so many, those that stopped the reply. */
    sets: [...Map.groupBy(told, ({ item }) => item.set)].map(([set, all]) => ({
      ...{ set, count: all.length, stopped: all.filter(isStopped).length },
    })),
    duckedMs: timesOf(real, ({ played }) => played.duckedMs),
    stoppedMs: timesOf(real, ({ played }) => played.stoppedMs),
    /** Of stop words, from their end. */
    stopWordEndMs: timesOf(
      real.filter(({ item }) => item.set === 'stop-words'),
      ({ played }) => played.afterEndMs,
    ),
    /** Of sounds that must not stop it. */
    resumedMs: timesOf(fake, ({ played }) => played.resumedMs),
    cpuSeconds: secondsOf(own),
  }
}

type Clipped = { arm: string; item: { clip: string } }

/** Percent of those that it is known of. */
function shareOf<T extends Clipped>(own: readonly T[], is: (one: T) => boolean | null): Estimate | null {
  return meanOf(own, one => {
    const known = is(one)
    return known === null ? null : known ? 100 : 0
  })
}

function timesOf<T extends Clipped>(own: readonly T[], read: (one: T) => number | null): Times | null {
  const values = own.flatMap(one => read(one) ?? []).toSorted((a, b) => a - b)
  const mean = meanOf(own, read)
  const [p50, p90] = [quantile(values, 0.5), quantile(values, 0.9)]
  return mean === null || p50 === null || p90 === null ? null : { mean, p50, p90 }
}

function meanOf<T extends Clipped>(own: readonly T[], read: (one: T) => number | null): Estimate | null {
  const clips = [...Map.groupBy(own, ({ item }) => item.clip).values()]
  const statistic = (sample: readonly (readonly T[])[]) => {
    const values = sample.flat().flatMap(one => read(one) ?? [])
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
  }
  const value = statistic(clips)
  return value === null ? null : { value, interval: bootstrapInterval(clips, statistic, own[0]?.arm ?? '') }
}

/** Seconds of processor time for one item. */
function secondsOf(own: readonly { cpuSeconds: number | null }[]): number | null {
  const known = own.flatMap(({ cpuSeconds }) => cpuSeconds ?? [])
  return known.length === 0 ? null : known.reduce((sum, seconds) => sum + seconds, 0) / known.length
}
