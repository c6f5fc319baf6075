import { QuantvoxError } from '../../../server/errors.ts'
import type { SessionSettings } from '../../../server/protocol/socketServer.ts'
import { askedAndRemembered } from './askedAndRemembered.ts'
import { heldReplies } from './heldReplies.ts'
import { FOR_EVER_MS, type World } from './sessionSteps.ts'
import {
  all,
  FRAME_MS,
  isBegunWith,
  longestGapMs,
  ofEach,
  reportedIn,
  rootOf,
  rowsOf,
  settingsOf,
  sinceReopened,
  spelled,
  type Talked,
  textIn,
  told,
} from './sessionViews.ts'

const CLOSED_WITHIN_MS = 10_000
const LONGEST_GAP_MS = 2000
const FINISHED_WITHIN_MS = 2_000_000

function speaksOverAnother({ seen, setup }: Talked): string | false {
  const speaking = new Map<
    string,
    { sinceMs: number; sentMs: number; isReported: boolean; isAllOut: boolean }
  >()
  for (const one of seen) {
    if (one.what === 'audio') {
      for (const [id, { sinceMs, sentMs, isReported, isAllOut }] of speaking) {
        if (id === one.turnId) continue
        const mayPlay = setup.plays && !isReported && one.atMs < sinceMs + sentMs
        if (!isAllOut || mayPlay) return `${one.turnId} speaks while ${id} does`
      }
      const { sinceMs, sentMs, isReported } = speaking.get(one.turnId) ?? { sinceMs: one.atMs, sentMs: 0 }
      const takenMs = one.taken ? one.audioMs : 0
      speaking.set(one.turnId, {
        sinceMs,
        sentMs: sentMs + takenMs,
        isReported: isReported ?? false,
        isAllOut: false,
      })
    } else if (one.what === 'told' && 'turnId' in one.event && one.event.turnId !== undefined) {
      const known = speaking.get(one.event.turnId)
      if (known === undefined) continue
      if (one.event.type === 'audio.done') known.isAllOut = true
      if (['interrupted', 'cut', 'reopened'].includes(one.event.type)) speaking.delete(one.event.turnId)
    } else {
      const known = speaking.get(reportedIn(one) ?? '')
      if (known !== undefined) known.isReported = true
    }
  }
  return false
}

/** Milliseconds of audio without which so much cannot have been heard. */
function audioFor(heard: string, letterMs: number): number {
  // Between clauses are blanks, which nobody says; of one that is not whole the length is guessed at 65 ms a letter.
  const clauses = heard.match(/[.,!?…]/g)?.length ?? 0
  return Math.min(65, letterMs) * (heard.length - 2 * (clauses + 1))
}

/** What a turn may be too late with, and the scripts that excuse it. */
const excuses: [RegExp, (world: Partial<World>) => boolean][] = [
  [/^The audio/, ({ activityMs }) => activityMs === null],
  [/^The question/, ({ recognizeMs, lookupMs }) => recognizeMs === FOR_EVER_MS || lookupMs === FOR_EVER_MS],
  [
    /^The reply/,
    ({ tokenMs, synthesizeMs, reads }) => [tokenMs, synthesizeMs].includes(FOR_EVER_MS) || reads === 'not',
  ],
]

const worldsOf = ({ seen }: Talked) =>
  all(seen, 'did').flatMap(({ step }) => (step.do === 'change' ? [step.world] : []))

/** Each gives what is wrong with a whole session, or nothing. */
export const invariants: Record<string, (talked: Talked) => string | false | undefined> = {
  'every turn that began is done once and has one row': talked => {
    const began = all(talked.seen, 'began').length
    const turns = talked.turns.size
    if (began !== turns) return `${began} began, of ${turns} something was seen`
    return ofEach(talked, (seen, id) => {
      const [done, rows] = [told(seen, 'turn.done').length, all(seen, 'row').length]
      return (done !== 1 || rows !== 1) && `${id} was done ${done} times and has ${rows} rows`
    })
  },
  'a question that is typed begins a turn, or is refused': ({ seen }) => {
    const readyAt = seen.findIndex(one => one.what === 'told' && one.event.type === 'ready')
    const overAt = seen.findIndex(
      one =>
        one.what === 'closing' ||
        one.what === 'left alone' ||
        (one.what === 'did' && one.step.do === 'finish'),
    )
    for (const [index, one] of seen.entries()) {
      const text = textIn(one)
      if (text === undefined || readyAt < 0 || index < readyAt || (overAt >= 0 && index > overAt)) continue
      if (!isBegunWith(seen, index)) return `nothing began with "${text}"`
    }
    return false
  },
  'a turn tells in its order, and nothing after it is done': talked =>
    ofEach(talked, seen => {
      const words = spelled(seen, 'A', 'a', 'Z', 'I', 'C', 'e', 'q', 'P', 'G')
      if (!/^(S?p*E?p*T?)(d*R?Op*E?p*T?)*d*R?X$/.test(words)) return `it told ${words}`
      const audio = spelled(seen, 'S', 'E', 'p', 'T', 'd', 'R', 'I', 'C', 'e', 'q', 'P', 'G', 'O')
      if (!/^(Aa+)*Z?X$/.test(audio)) return `its audio came as ${audio}`
      const whole = spelled(seen)
      return !/^[^X]*X$/.test(whole) && `after its end came ${whole}`
    }),
  'nothing is heard of a turn after it was interrupted or cut': talked =>
    ofEach(talked, seen => {
      const whole = spelled(seen)
      if (/I.*I/.test(whole)) return `it was interrupted twice: ${whole}`
      const heard = seen.filter(one => one.what !== 'audio' || one.taken)
      if (/a.*O/.test(spelled(heard))) return `it went on after it was heard: ${whole}`
      return /[IC].*[dRAaZqPG]/.test(whole) && `there came ${whole}`
    }),
  'at most one turn speaks': speaksOverAnother,
  ...heldReplies,
  ...askedAndRemembered,
  'what was dropped for a question that is typed comes back in no turn': ({ seen }) => {
    let droppedMs = 0
    for (const [index, one] of seen.entries()) {
      if (one.what === 'sent' && textIn(one) && isBegunWith(seen, index)) droppedMs = one.heardMs
      if (one.what !== 'told' || one.event.type !== 'speech.started') continue
      // A frame may have begun before.
      if (one.event.positionMs < droppedMs - FRAME_MS)
        return `${one.event.turnId} is from before ${droppedMs} ms`
    }
    return false
  },
  [`what is said has no gap of more than ${LONGEST_GAP_MS / 1000} s in its frames`]: talked =>
    ofEach(talked, seen => {
      const gapMs = longestGapMs(talked, seen)
      return gapMs > LONGEST_GAP_MS && `there is one of ${gapMs} ms`
    }),
  'only what was sent, and could be played by then, was heard': talked => {
    // What a voice fails at is read instead.
    const failsToSpeak = worldsOf(talked).some(({ synthesizeError }) => synthesizeError)
    for (const { record, text, atMs } of rowsOf(talked)) {
      const { reply, heardText: heard } = text
      const seen = talked.turns.get(record.turnId) ?? []
      const deltas = told(sinceReopened(seen), 'reply.delta').map(delta => delta.text)
      const [done] = told(seen, 'turn.done')
      if (deltas.join('') !== (reply ?? '')) return `"${reply}" is not what came of ${record.turnId}`
      if ((done?.heardText ?? null) !== heard) return `it was told "${done?.heardText}", not "${heard}"`
      if (heard === null) continue
      if (!reply?.startsWith(heard)) return `"${heard}" is no beginning of "${reply}"`
      if (failsToSpeak || !record.synthesis.voice?.startsWith('flite') || !talked.setup.plays) continue
      const taken = all(seen, 'audio').filter(audio => audio.taken)
      const sentMs = taken.reduce((sum, { audioMs }) => sum + audioMs, 0)
      const isReported = talked.seen.some(one => reportedIn(one) === record.turnId)
      const playedMs = isReported ? sentMs : Math.min(sentMs, atMs - (taken[0]?.atMs ?? atMs))
      if (audioFor(heard, talked.setup.letterMs) > playedMs) return `"${heard}" was heard in ${playedMs} ms`
    }
    return false
  },
  'a turn uses what was in force when its speech ended': talked => {
    for (const row of rowsOf(talked)) {
      const allowed = settingsOf(talked, row)
      if (allowed === null) continue
      const { llm, speech, synthesis, turnId } = row.record
      const used: [string | null, keyof SessionSettings][] = [
        [llm.model, 'llmModel'],
        [speech.model, 'speechModel'],
        [synthesis.voice, 'voice'],
      ]
      for (const [name, setting] of used) {
        if (name === null || allowed.some(settings => settings[setting] === name)) continue
        return `${turnId} used ${name}, not ${allowed.map(settings => settings[setting])}`
      }
    }
    return false
  },
  'nothing happens before the end of speech': talked => {
    for (const { record } of rowsOf(talked)) {
      const early = Object.entries(record.fromSpeechEnd).find(([, ms]) => ms !== null && ms < 0)
      if (early) return `${early.join(' is ')} (turn ${record.turnId})`
    }
    return false
  },
  [`a session closes within ${CLOSED_WITHIN_MS / 1000} s, and finishes once it is left alone`]: ({
    seen,
    setup,
  }) => {
    const [closing] = all(seen, 'closing')
    const [closed] = all(seen, 'closed')
    if (closing === undefined || closed === undefined) return 'it never closed'
    const closedInMs = closed.atMs - closing.atMs
    if (closedInMs > CLOSED_WITHIN_MS) return `it took ${closedInMs} ms to close`
    const isOver = all(seen, 'finished').length > 0 || closing.atMs < FINISHED_WITHIN_MS
    return setup.ending === 'finish' && !isOver && 'it never finished'
  },
  'when it is left alone, no turn goes on': ({ seen, setup }) => {
    if (setup.ending === 'close') return false
    const until = seen.slice(
      0,
      seen.findIndex(({ what }) => what === 'left alone'),
    )
    const [began, done] = [all(until, 'began').length, told(until, 'turn.done').length]
    return began !== done && `${began} turns began, ${done} are done`
  },
  'and then a question that is typed is answered': talked => {
    if (talked.asked === null) return false
    const row = rowsOf(talked).find(({ text }) => text.transcript === talked.asked)
    return row?.record.outcome !== 'completed' && `"${talked.asked}" was ${row?.record.outcome}`
  },
  'and one that is spoken': ({ seen, asked }) => {
    if (asked === null) return false
    const since = seen.slice(seen.findIndex(({ what }) => what === 'left alone'))
    const [spoken, ...more] = told(since, 'speech.started')
    const done = told(since, 'turn.done').find(({ turnId }) => turnId === spoken?.turnId)
    return (
      (done?.outcome !== 'completed' || more.length > 0) &&
      `it was ${done?.outcome}, with ${more.length} more`
    )
  },
  'what was committed is not discarded': talked => {
    let said: string | null = null
    const committed = new Set<string>()
    for (const one of talked.seen) {
      if (one.what === 'told' && /speech.started|reopened/.test(one.event.type) && 'turnId' in one.event)
        said = one.event.turnId ?? null
      else if (one.what === 'told' && /speech.stopped|cut/.test(one.event.type)) said = null
      else if (one.what === 'sent' && one.message.type === 'commit' && said !== null) committed.add(said)
    }
    const lost = rowsOf(talked).find(
      // What is said over a reply may turn out to be no question.
      ({ record, text }) =>
        record.outcome === 'discarded' && text.transcript === null && committed.has(record.turnId),
    )
    return lost?.record.turnId
  },
  'nothing is left of a session that is closed': ({ seen, rejections }) => {
    const [left] = all(seen, 'left behind')
    if (left === undefined) return 'it is not closed'
    if (left.timers.length > 0) return `timers go on: ${left.timers}`
    if (left.replies > 0) return `${left.replies} replies go on`
    const after = seen.slice(seen.findIndex(({ what }) => what === 'closed') + 1)
    const late = after.find(({ what }) => what === 'told' || what === 'audio' || what === 'row')
    if (late !== undefined) return `after it was closed came ${JSON.stringify(late)}`
    return rejections.length > 0 && `nobody caught ${rejections}`
  },
  'nothing breaks but what is scripted to': ({ lines }) => {
    for (const { fields, message } of lines) {
      const root = rootOf(fields.err)
      if (root === undefined || (root instanceof QuantvoxError && root.code !== 'internal')) continue
      if (!/as scripted|not within/.test(String(root)))
        return `${message}: ${root instanceof Error ? root.stack : root}`
    }
    return false
  },
  'a turn is too late only where something is scripted to be': talked => {
    const worlds = worldsOf(talked)
    const late = told(talked.seen, 'error').find(({ error: { message } }) =>
      excuses.some(([what, isExcuse]) => what.test(message) && !worlds.some(isExcuse)),
    )
    return late?.error.message
  },
}
