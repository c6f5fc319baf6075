import { durationMs, PCM_SAMPLE_RATE, samplesIn, toFloat32 } from '../../audio/pcm.ts'
import { joinFloats } from '../../shared/floats.ts'
import { createResampler } from '../../shared/resampler.ts'
import { ECHO_RATE, explainedBy, powerOf } from './echoShare.ts'

/**
 * An utterance is the reply's echo where the reply explains so much of every loud part of it; in a session that is known to hear its
 * replies less is enough. Of somebody else's first half second it explains .25 in 95 and .49 in the worst of 664 cases.
 */
export const OWN_SHARE = 0.5
export const KNOWN_OWN_SHARE = 0.35

/** What is explained at once: shorter, and a like voice explains much; longer, and a short word is lost between two of the reply. */
const PART_MS = 256
const STEP_MS = 128
/** Parts below a tenth of the power of the loudest are pauses, in which the room is heard. */
const LOUD_SHARE = 0.1
/** Of one part alone too little is known. */
const FEWEST_PARTS = 2
/** So much sooner and later than by the server's clock the echo may come: players are late, and their reports, too. */
const SOONER_MS = 150
const LATER_MS = 700
/** Where it is looked for first: around the delay that was found, with room for what walls give back. */
const AROUND_MS = 10
const WALLS_MS = 60

/** What is played of a reply from so long after now (negative: before now) until so long after now; mono at `ECHO_RATE`. */
export type PlayedSound = (fromMs: number, toMs: number) => Float32Array

export type UtteranceSound = {
  /** The next samples of the utterance, mono, 16 kHz; the last of them is heard now. */
  push(samples: Int16Array): void
  /** Of the loud part of it that the reply explains least, the share of its power that is explained; null: too little was heard. */
  ownShare(): number | null
  /** Level of its loudest quarter of a second below 2 kHz, dBFS; −∞ before there is one. */
  loudestDb(): number
}

/** What the sound of an utterance says, whatever its words are. @param played of the reply that it may be an echo of */
export function createUtteranceSound(played: PlayedSound | null): UtteranceSound {
  const resampler = createResampler(PCM_SAMPLE_RATE, ECHO_RATE)
  const length = samplesIn(PART_MS, ECHO_RATE)
  let heard = new Float32Array(0)
  let parts: { power: number; share: number }[] = []
  let loudest = 0
  let delayMs: number | null = null

  function shareOf(part: Float32Array, agoMs: number, played: PlayedSound): number {
    const fromMs = -agoMs - PART_MS
    if (delayMs !== null) {
      const around = played(fromMs - delayMs - WALLS_MS, -agoMs - delayMs + AROUND_MS)
      const { share } = explainedBy(around, part)
      // Less may come of another place that is like it: by reports of the playback the delay seems another.
      if (share >= OWN_SHARE) return share
    }
    const { share, at } = explainedBy(played(fromMs - LATER_MS, -agoMs + SOONER_MS), part)
    if (share >= KNOWN_OWN_SHARE) delayMs = LATER_MS - durationMs(at, ECHO_RATE)
    return share
  }

  function hear(part: Float32Array, agoMs: number): void {
    const power = powerOf(part)
    loudest = Math.max(loudest, power)
    const isLoud = (one: { power: number }) => one.power >= LOUD_SHARE * loudest
    parts = parts.filter(isLoud)
    if (played === null || !isLoud({ power })) return
    // Somebody speaks: whatever comes after it, while that is no louder, it stays true.
    const isKnown = parts.length >= FEWEST_PARTS && parts.some(({ share }) => share < KNOWN_OWN_SHARE)
    if (!isKnown) parts.push({ power, share: shareOf(part, agoMs, played) })
  }

  return {
    push(samples) {
      heard = joinFloats(heard, resampler.push(toFloat32(samples)))
      for (; heard.length >= length; heard = heard.slice(samplesIn(STEP_MS, ECHO_RATE)))
        hear(heard.subarray(0, length), durationMs(heard.length - length, ECHO_RATE))
    },
    ownShare: () =>
      parts.length < FEWEST_PARTS ? null : parts.reduce((least, { share }) => Math.min(least, share), 1),
    loudestDb: () => 10 * Math.log10(loudest / length),
  }
}
