import { randomFrom, seedOf } from '../../../server/shared/seeded.ts'
import { createClock } from './events.ts'
import { createFifoPool } from './fifoPool.ts'
import { createLanguagePool, type Policy } from './languagePool.ts'
import type { Profile } from './profile.ts'
import { createSeen } from './seen.ts'
import { createSpeaker, type Stages } from './speaker.ts'

/** One cell: what serves so many speakers. */
export type Plan = {
  speakers: number
  replicas: number
  languageHosts: number
  speechHosts: number
  policy: Policy
  /** What becomes of a partial decoding for which no speech host is free. */
  partials: 'shed' | 'queued'
  /** Conversations in the cache of a language host. */
  cachedConversations: number
}

export type Outcome = {
  turns: number
  turnsPerSecond: number
  /** Milliseconds from speech end. */
  firstAudio: { p50: number; p95: number }
  /** Milliseconds in the queue before a language host, and before a speech host of final decodings. */
  languageWaitP95: number
  speechWaitP95: number
  /** Of what was asked, by hosts that had the conversation in their cache. */
  cachedShare: number
  partialsShedShare: number
  /** Of the time in which a language host does anything, and of the places of all. */
  languageBusy: number
  languagePlaces: number
  speechBusy: number
  /** Speakers who are being spoken to, at a time. */
  spokenTo: number
}

/** What is not counted: the speakers come one after the other. */
const SETTLE_MS = 120_000
export const COUNTED_MS = 600_000

/** A run of speakers through the servers of a plan; the seed alone decides it. */
export function simulate(profile: Profile, plan: Plan, seed: number): Outcome {
  const clock = createClock()
  const random = randomFrom(seedOf('sizing', seed))
  const speech = createFifoPool(clock, plan.speechHosts)
  const language = createLanguagePool(clock, {
    hosts: plan.languageHosts,
    slots: profile.slots,
    rates: profile.language,
    policy: plan.policy,
    cachedConversations: plan.cachedConversations,
    random,
  })
  const sessions = plan.speakers / plan.replicas
  // What the sessions of a replica take of its core is missed by what it speaks.
  const slowed = 1 / Math.max(0.05, 1 - sessions * profile.sessionShare)
  const replicas = Array.from({ length: plan.replicas }, () => createFifoPool(clock, 1))
  const seen = createSeen(COUNTED_MS)
  let conversations = 0
  const stages: Stages = {
    clock,
    random,
    speech,
    language,
    partials: plan.partials,
    newConversation: () => conversations++,
    seen: { ...seen, counts: () => clock.now > SETTLE_MS },
  }
  for (let speaker = 0; speaker < plan.speakers; speaker++) {
    const replica = replicas[speaker % plan.replicas]
    if (replica === undefined) break
    createSpeaker(profile, stages, replica, slowed)
  }
  clock.run(SETTLE_MS)
  const before = { ...language.figures(), speechMs: speech.busyMs }
  clock.run(SETTLE_MS + COUNTED_MS)
  const { jobMs, busyMs } = language.figures()
  const whole = plan.languageHosts * COUNTED_MS
  return {
    ...seen.figures(),
    languageBusy: (busyMs - before.busyMs) / whole,
    languagePlaces: (jobMs - before.jobMs) / (whole * profile.slots),
    speechBusy: (speech.busyMs - before.speechMs) / (plan.speechHosts * COUNTED_MS),
  }
}
