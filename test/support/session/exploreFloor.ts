import { QuantvoxError } from '../../../server/errors.ts'
import { takeFloor } from '../../../server/session/floor/floor.ts'
import {
  type FloorEffect,
  type FloorEvent,
  type FloorSettings,
  type FloorState,
  type Heard,
  openFloor,
  type Phase,
  type TurnState,
  type Wait,
} from '../../../server/session/floor/state.ts'

/** At most so many stretches of the microphone count. */
const MAX_STRETCHES = 2
const turnIds = ['a', 'b', 'c', 'd']
const stretchIds = [1, 2, 3]
/** Ids that nothing has: what belongs to them is late. */
const goneTurn = 'gone'
const goneStretch = 99

const recoverable = new QuantvoxError('engine_failed', 'It broke.')
const fatal = new QuantvoxError('internal', 'It broke in a way that nobody foresaw.')
const waits: Wait[] = ['closing', 'transcribing', 'asked', 'answer', 'playback', 'report', 'hold']
const end = {
  ...{ utterance: null, positionMs: 0, speechEndedAtMs: null, decidedAtMs: 0 },
  ...{ commitAtMs: null, decidedBy: 'silence' as const, textState: null, endsHere: null },
}

/** Every event that can come in a state, late ones and illegal ones included. */
export function eventsFor({ turns, stretches, leavesReplies, bargeInMs }: FloorState): FloorEvent[] {
  const turnId = turnIds.find(id => !turns.some(turn => turn.id === id)) ?? 'd'
  const taken = [...stretches.map(({ id }) => id), ...turns.map(({ stretch }) => stretch)]
  const next = stretchIds.find(id => !taken.includes(id)) ?? Math.max(...stretchIds, ...taken.map(Number)) + 1
  const living = [...turns.map(({ id }) => id), goneTurn]
  const heard = [...stretches.map(({ id }) => id), goneStretch]
  const open = stretches.filter(({ committed }) => !committed).map(({ id }) => id)
  const positionMs = 0
  return [
    { type: 'begin', turnId, next, positionMs, atMs: 0 },
    { type: 'commit', next, atMs: 0 },
    { type: 'cancel', next },
    // A listener that never reported is waited for only if the reply is young.
    ...[0, 10_000].map(atMs => ({ type: 'interrupt' as const, turnId: null, next, atMs })),
    ...living.map(id => ({ type: 'interrupt' as const, turnId: id, next, atMs: 0 })),
    { type: 'configured', mode: 'hands-free', bargeInMs, next },
    { type: 'configured', mode: 'push-to-talk', bargeInMs, next },
    wholeQuestion(leavesReplies, turnId, next),
    ...heard.flatMap((stretch): FloorEvent[] => [
      { type: 'sound', stretch, voicedMs: 128 },
      ...[200, 300, 900].map(voicedMs => ({
        ...{
          type: 'voiced' as const,
          stretch,
          turnId,
          positionMs,
          voicedMs,
          hearsItself: voicedMs === 300,
          atMs: 0,
        },
      })),
      // Long after whatever was said before.
      {
        ...{ type: 'voiced' as const, stretch, turnId, positionMs: 10_000, voicedMs: 300 },
        hearsItself: false,
        atMs: 0,
      },
      { type: 'cut-off', stretch, next },
      { type: 'ended', stretch, last: false, end },
      // Only what was committed ends a stretch.
      ...(open.includes(stretch) ? [] : [{ type: 'ended' as const, stretch, last: true, end }]),
    ]),
    ...living.flatMap((id): FloorEvent[] => [
      { type: 'understood', turnId: id, said: false, over: null, atMs: 0 },
      ...judgements(turns.find(turn => turn.id === id)).map(over => ({
        ...{ type: 'understood' as const, turnId: id, said: true, over, atMs: 0 },
      })),
      { type: 'audible', turnId: id, atMs: 0 },
      ...[null, 1000].map(ms => ({ type: 'answered' as const, turnId: id, playbackWithinMs: ms })),
      { type: 'playback', turnId: id, over: true, gaveUp: false, playbackWithinMs: null },
      { type: 'playback', turnId: id, over: true, gaveUp: true, playbackWithinMs: null },
      { type: 'playback', turnId: id, over: false, gaveUp: false, playbackWithinMs: 500 },
      ...[recoverable, fatal].map(error => ({ type: 'failed' as const, turnId: id, error })),
      ...waits.map(wait => ({ type: 'timeout' as const, turnId: id, wait })),
      { type: 'written', turnId: id },
    ]),
    ...[...turns.filter(({ phase }) => phase === 'playing').map(({ id }) => id), goneTurn].flatMap(id =>
      [null, 500].map(playbackWithinMs => ({ type: 'resumed' as const, turnId: id, playbackWithinMs })),
    ),
    ...[...turns.filter(({ over }) => over !== null).map(({ id }) => id), goneTurn].flatMap(wordsOver),
    { type: 'broken', error: fatal },
    { type: 'finish' },
    { type: 'leave' },
  ]
}

/** Sessions that leave replies alone are asked for answers, the others are typed to. */
export const wholeQuestion = (leavesReplies: boolean, turnId: string, next: number): FloorEvent =>
  leavesReplies ? { type: 'respond', turnId } : { type: 'question', turnId, next, atMs: 0 }

/** The same in wake-word mode, which no session leaves here. */
function eventsAwake(state: FloorState): FloorEvent[] {
  const events = eventsFor(state)
  const next = events.flatMap(event => (event.type === 'cancel' ? [event.next] : []))[0] ?? 0
  return [
    ...events.filter(({ type }) => type !== 'configured'),
    { type: 'woken', next, positionMs: 0, atMs: 0 },
    { type: 'drowsy' },
  ]
}

/** What a whole utterance may turn out to be; of one that is said over nothing it is not judged, but for one that was. */
function judgements(turn: TurnState | undefined): (Heard | null)[] {
  if (turn?.over === null) return [null, { words: 'aside', voicedMs: 400 }]
  return [
    { words: 'aside', voicedMs: 400 },
    { words: 'unclear', voicedMs: 400 },
    { words: 'far', voicedMs: 400 },
    { words: 'command', voicedMs: 200 },
    { words: 'word', voicedMs: 200 },
    { words: 'words', voicedMs: 400 },
  ]
}

function wordsOver(turnId: string): FloorEvent[] {
  const soFar: [Heard['words'], number, boolean][] = [
    [null, 200, true],
    [null, 400, true],
    [null, 400, false],
    [null, 1300, true],
    ['aside', 1300, true],
    ['far', 1300, true],
    ['word', 400, false],
    ['words', 200, false],
    ['words', 400, true],
    ['command', 200, false],
  ]
  const known = { type: 'words' as const, turnId, atMs: 0 }
  return [
    ...soFar.map(([words, voicedMs, isVoiced]) => ({
      ...known,
      words,
      voicedMs,
      isVoiced,
      hearsItself: false,
    })),
    { ...known, words: null, voicedMs: 900, isVoiced: true, hearsItself: true },
  ]
}

export const goneIds: ReadonlySet<unknown> = new Set([goneTurn, goneStretch])

export type Transition = {
  before: FloorState
  event: FloorEvent
  after: FloorState
  effects: FloorEffect[]
}

/**
 * What makes two states the same: names of turns and stretches do not matter, nor what a turn that is being written was before;
 * errors count by whether the session survives them.
 */
export function keyOf({ turns, stretches, ...rest }: FloorState): string {
  const place = (id: number | null) => stretches.findIndex(stretch => stretch.id === id)
  return JSON.stringify([
    rest,
    stretches.map(({ committed }) => committed),
    turns.map(({ phase, stretch, stop, error, asked, answer, endedMs, audibleAtMs, held, over, wait }) => {
      if (phase === 'writing') return [phase, error?.recoverable]
      const known = [phase, stop, error?.recoverable, asked, answer, audibleAtMs, held, over, wait]
      if (isSaid(phase)) return [...known, place(stretch)]
      // Until something of the reply is out, and unless it was stopped, it may go on.
      const mayGoOn = stop === null && isUnheard(phase) && endedMs !== null
      return mayGoOn ? [...known, place(stretch)] : known
    }),
  ])
}

function isUnheard(phase: Phase): boolean {
  return phase === 'transcribing' || phase === 'waiting' || phase === 'thinking'
}

function isSaid(phase: Phase): boolean {
  return phase === 'capturing' || phase === 'closing'
}

/** Every state that can be reached with at most so many turns living at once, breadth first, with everything that can happen in it. */
export function exploreFloor(
  settings: Pick<FloorSettings, 'plays' | 'leavesReplies' | 'answering' | 'bargeInMs'>,
  maxTurns: number,
  look: (transition: Transition) => void,
  mode: 'hands-free' | 'wake-word' = 'hands-free',
  more: (state: FloorState) => FloorEvent[] = () => [],
): Map<string, FloorState> {
  const first = takeFloor(openFloor({ mode: 'push-to-talk', ...settings }), {
    ...{ type: 'configured' as const, mode, bargeInMs: settings.bargeInMs, next: 1 },
  }).state
  const known = new Map([[keyOf(first), first]])
  // A Map goes on over what is added while it is walked.
  for (const before of known.values()) {
    const events = mode === 'wake-word' ? eventsAwake(before) : eventsFor(before)
    for (const event of [...events, ...more(before)]) {
      const { state: after, effects } = takeFloor(before, event)
      if (after.turns.length > maxTurns || after.stretches.length > MAX_STRETCHES) continue
      look({ before, event, after, effects })
      const key = keyOf(after)
      if (!known.has(key)) known.set(key, after)
    }
  }
  return known
}
