import { Compile } from 'typebox/schema'
import { StoredTurn } from '../../../server/protocol/record.ts'
import { median } from '../../../server/shared/quantiles.ts'
import { assumed, type Profile, seen, type Told, toldOfAssumed } from './profile.ts'

const turnCheck = Compile(StoredTurn)
/** Fewer say too little. */
const ENOUGH = 20

/** The turns of an export as NDJSON. Throws for a line that is none. */
export function turnsOf(ndjson: string): { turn: StoredTurn; bytes: number }[] {
  return ndjson
    .split('\n')
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => {
      const turn = parsed(line)
      if (!turnCheck.Check(turn)) throw new Error(`Line ${number} is not a turn of the record.`)
      return { turn, bytes: Buffer.byteLength(line) }
    })
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null // the check says so
  }
}

/** What the record knows in place of what is assumed; what fewer than 20 turns tell stays assumed. */
export function calibrated(turns: readonly { turn: StoredTurn; bytes: number }[]): {
  profile: Profile
  told: Told[]
} {
  const profile: Profile = { ...assumed, decodeMs: assumed.decodeMs, language: { ...assumed.language } }
  const told = new Map(toldOfAssumed.map(each => [each.name, each]))
  const warm = turns
    .map(({ turn }) => turn)
    .filter(
      ({ outcome, llm, speech }) =>
        (outcome === 'completed' || outcome === 'interrupted') && llm.cold !== true && speech.cold !== true,
    )

  function take(name: string, values: (number | null)[], use: (known: number[]) => string): void {
    const known = values.filter(value => value !== null)
    if (known.length < ENOUGH) return
    told.set(name, { name, value: use(known), from: `${known.length} turns` })
  }

  take(
    'speech',
    warm.map(({ speech }) => speech.speechMs),
    known => {
      profile.speechMs = seen(known)
      return `${(mean(known) / 1000).toFixed(1)} s`
    },
  )
  take(
    'reply',
    warm.filter(({ outcome }) => outcome === 'completed').map(({ llm }) => llm.outputTokens),
    known => {
      profile.replyTokens = seen(known)
      return `${mean(known).toFixed(0)} tokens`
    },
  )
  take(
    'interrupted',
    warm.map(({ outcome }) => (outcome === 'interrupted' ? 1 : 0)),
    known => {
      profile.interruptedShare = mean(known)
      return `${(100 * mean(known)).toFixed(0)} %`
    },
  )
  take(
    'turn decided',
    warm.map(({ fromSpeechEnd, speech }) => (speech.speechMs === null ? null : fromSpeechEnd.turnDecidedMs)),
    known => {
      profile.decidedMs = median(known)
      profile.earlyDecodeMs = Math.min(profile.earlyDecodeMs, profile.decidedMs)
      return `${profile.decidedMs.toFixed(0)} ms`
    },
  )
  take(
    'decoding',
    warm.map(({ speech }) => speech.realTimeFactor),
    known => {
      profile.decodeMs = { fixed: 0, perSpeech: median(known) }
      return `${(100 * median(known)).toFixed(1)} % of the speech`
    },
  )
  takeLanguage(warm, profile, take)
  take(
    'row',
    turns.map(({ bytes }) => bytes),
    known => {
      profile.rowBytes = mean(known)
      return `${(mean(known) / 1000).toFixed(1)} kB`
    },
  )
  return { profile, told: [...told.values()] }
}

type Take = (name: string, values: (number | null)[], use: (known: number[]) => string) => void

/** Of one reply at a time, which is what `tokensPerSecond` of the record is while a host has one place. */
function takeLanguage(warm: readonly StoredTurn[], profile: Profile, take: Take): void {
  take(
    'prompt',
    // Of prompts of which the cache had all but a few tokens it is not the rate that is measured.
    warm.map(({ llm: { promptTokens, cachedPromptTokens, promptEvalMs } }) => {
      if (promptTokens === null || cachedPromptTokens === null || promptEvalMs === null) return null
      const tokens = promptTokens - cachedPromptTokens
      return tokens >= 10 && promptEvalMs > 0 ? (1000 * tokens) / promptEvalMs : null
    }),
    known => {
      profile.language.promptTokensPerSecond = median(known)
      return `${median(known).toFixed(0)} tokens/s`
    },
  )
  take(
    'reply, alone',
    warm.map(({ llm }) => llm.tokensPerSecond),
    known => {
      profile.language.tokensPerSecond = median(known)
      return `${median(known).toFixed(0)} tokens/s`
    },
  )
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
