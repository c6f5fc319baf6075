import type { Clock } from './events.ts'
import type { Cancel, FifoPool } from './fifoPool.ts'
import type { LanguagePool } from './languagePool.ts'
import type { Profile } from './profile.ts'
import type { Seen } from './seen.ts'

export type Stages = {
  clock: Clock
  random: () => number
  speech: FifoPool
  language: LanguagePool
  partials: 'shed' | 'queued'
  newConversation(): number
  seen: Pick<Seen, 'firstAudioMs' | 'languageWaitMs' | 'speechWaitMs' | 'tally'> & { counts(): boolean }
}

/** Speaks, is answered, and speaks again, for as long as the clock runs; `slowed` is what sessions cost the speaking of its replica. */
export function createSpeaker(profile: Profile, stages: Stages, replica: FifoPool, slowed: number): void {
  const { clock, random, speech, language, seen } = stages
  let conversation = stages.newConversation()
  let turn = Math.floor(random() * profile.turns)
  let historyTokens = turn * (profile.questionTokens + 50)
  // Somewhere in a cycle of 20 s.
  clock.after(20_000 * random(), speak)

  function speak(): void {
    if (turn >= profile.turns) [conversation, turn, historyTokens] = [stages.newConversation(), 0, 0]
    const speechMs = profile.speechMs(random)
    const stopPartials = decodePartials(speechMs)
    clock.after(speechMs, () => {
      stopPartials()
      clock.after(profile.earlyDecodeMs, () => decode(speechMs, clock.now - profile.earlyDecodeMs))
    })
  }

  /** One after the other while it is said, as far as it is said. */
  function decodePartials(speechMs: number): Cancel {
    const beganAt = clock.now
    let current: Cancel | null = null
    let ended = false
    function next(): void {
      if (ended) return
      const askedAt = clock.now
      const ms = decodingMs(askedAt - beganAt)
      const again = () => clock.after(Math.max(0, profile.partialEveryMs - (clock.now - askedAt)), next)
      current = speech.ask({ ms, done: again }, stages.partials === 'queued')
      if (seen.counts()) {
        seen.tally.partials++
        if (current === null) seen.tally.shed++
      }
      if (current === null) again()
    }
    if (speechMs > profile.partialEveryMs) clock.after(profile.partialEveryMs, next)
    return () => {
      ended = true
      current?.()
    }
  }

  const decodingMs = (speechMs: number) => profile.decodeMs.fixed + profile.decodeMs.perSpeech * speechMs

  function decode(speechMs: number, endedAt: number): void {
    const begun = (waitedMs: number) => {
      if (seen.counts()) seen.speechWaitMs.push(waitedMs)
    }
    speech.ask({ ms: decodingMs(speechMs), begun, done: () => answer(endedAt) }, true)
  }

  function answer(endedAt: number): void {
    const outputTokens = Math.max(1, Math.round(profile.replyTokens(random)))
    const { systemPromptTokens, questionTokens } = profile
    const before = systemPromptTokens + historyTokens
    let replyMade = false
    let over: (() => void) | null = null
    const cancel = language.ask({
      conversation,
      tokens: { whole: before + questionTokens, cached: before, shared: systemPromptTokens },
      outputTokens,
      marks: [{ tokens: Math.min(profile.clauseTokens, outputTokens), reached: clause }],
      begun(waitedMs, fromCache) {
        if (!seen.counts()) return
        seen.languageWaitMs.push(waitedMs)
        seen.tally.asked++
        if (fromCache) seen.tally.cached++
      },
      done() {
        replyMade = true
        over?.()
      },
    })
    turn++
    historyTokens += questionTokens + outputTokens

    function clause(): void {
      // The reply is held back until it is sure that the turn is over.
      const heldMs = Math.max(0, endedAt + profile.decidedMs - clock.now)
      clock.after(heldMs, () =>
        replica.ask({ ms: profile.synthesisMs * slowed, done: () => play(clock.now) }, true),
      )
    }

    function play(startedAt: number): void {
      const wholeMs = (1000 * outputTokens) / profile.tokensPerSpokenSecond
      const interrupted = random() < profile.interruptedShare
      const playedMs = interrupted ? wholeMs * random() : wholeMs
      if (seen.counts()) {
        seen.firstAudioMs.push(startedAt - endedAt)
        seen.tally.spokenMs += playedMs
      }
      clock.after(playedMs, () => {
        if (interrupted) {
          if (!replyMade) cancel()
          speak()
        } else if (replyMade) clock.after(profile.pauseMs(random), speak)
        // A reply that is made more slowly than it is spoken.
        else over = () => clock.after(profile.pauseMs(random), speak)
      })
    }
  }
}
