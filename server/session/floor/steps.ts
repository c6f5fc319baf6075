import { QuantvoxError } from '../../errors.ts'
import type { HearingOrder } from '../../hearing/hearing.ts'
import type { Outcome } from '../../protocol/record.ts'
import type { FloorEffect, FloorState, Phase, Stop, Stretch, TurnState, Wait } from './state.ts'

/** How long a listener may take to say where an interrupted reply stopped; one that never reported, counted from its first audio. */
const STOPPED_WITHIN_MS = 1000
const FIRST_REPORT_WITHIN_MS = 400

/**
 * Longer pauses in mid-question are rare: of those that eot-bench has of real conversations (200 ms and longer) one in twenty lasts 1.6 s.
 */
const REOPENED_WITHIN_MS = 3000

/** Longer than any engine's own time-outs, so that these end a turn only where an engine broke its word. */
export const CLOSED_WITHIN_MS = 30_000
export const TRANSCRIBED_WITHIN_MS = 300_000
/** Who wants an answer later gets one that is a turn of its own. */
export const ASKED_WITHIN_MS = 60_000
export const ANSWERED_WITHIN_MS = 900_000

/** A state on its way to the next, and what is to be done for it. */
export type Step = { state: FloorState; effects: FloorEffect[] }

/** The turn that the user is saying, and may still take back. */
export function asking({ turns }: FloorState): TurnState | undefined {
  return turns.find(isCapturing)
}

const isCapturing = ({ phase }: TurnState) => phase === 'capturing'

/** The turn whose reply is under way, or will be. */
export function replying({ turns }: FloorState): TurnState | undefined {
  return turns.find(
    ({ answer, stop, over, phase }) =>
      answer && stop === null && over === null && !['capturing', 'stopping', 'writing'].includes(phase),
  )
}

/** What was said last, where its answer is not wanted yet. */
export function unanswered({ turns }: FloorState): TurnState | undefined {
  return turns.findLast(
    ({ answer, stop, phase }) => !answer && stop === null && /closing|transcribing|heard/.test(phase),
  )
}

/** The reply that plays at a listener who can hold it. */
export function playingReply(state: FloorState): TurnState | undefined {
  const reply = replying(state)
  const isPlaying = reply?.phase === 'speaking' || reply?.phase === 'playing'
  return state.plays && isPlaying ? reply : undefined
}

export function isBeingSaid({ phase }: TurnState): boolean {
  return phase === 'capturing' || phase === 'closing'
}

/** Stretches in which turns are being said; what else was committed is no turn yet. */
export function stretchesBeingSaid({ stretches, turns }: FloorState): Stretch[] {
  return stretches.filter(({ id }) => turns.some(turn => turn.stretch === id && isBeingSaid(turn)))
}

export function inPhase(step: Step, turnId: string, ...phases: Phase[]): TurnState | undefined {
  return step.state.turns.find(turn => turn.id === turnId && phases.includes(turn.phase))
}

export function openTurn(
  step: Step,
  id: string,
  phase: Phase,
  stretch: number | null,
  positionMs: number | null,
  over: string | null = null,
): TurnState {
  const turn: TurnState = {
    ...{ id, phase, stretch, stop: null, error: null },
    ...{ asked: false, answer: stretch === null || step.state.answering === 'at-once' },
    ...{ endedMs: null, audibleAtMs: null, wait: null },
    ...{ held: null, over: over === null ? null : ('open' as const) },
  }
  // A question that came whole is older than what is still being said.
  const before = stretch === null ? step.state.turns.findIndex(isCapturing) : -1
  step.state.turns.splice(before < 0 ? step.state.turns.length : before, 0, turn)
  step.effects.push({ type: 'open', turnId: id, positionMs, over })
  return turn
}

/** A question comes whole: its models are looked up, and then it is answered. */
export function askWhole(step: Step, turnId: string): void {
  const turn = openTurn(step, turnId, 'transcribing', null, null)
  step.effects.push({ type: 'understand', turnId, end: null })
  wait(step, turn, 'transcribing', TRANSCRIBED_WITHIN_MS)
}

/** Whether speech from `positionMs` on is more of its question: nobody said that it was whole, and nothing of the reply is out. */
export function goesOn(
  { stretch: id, phase, endedMs }: TurnState,
  stretch: Stretch,
  positionMs: number,
): boolean {
  const isUnheard = phase === 'transcribing' || phase === 'waiting' || phase === 'thinking'
  const isSoon = endedMs !== null && positionMs - endedMs <= REOPENED_WITHIN_MS
  return isUnheard && isSoon && id === stretch.id && !stretch.committed
}

/** Nobody says anything, or is answered, and nothing that was committed is still to be heard. */
export function isFree({ stretches, turns, closing }: FloorState): boolean {
  return closing !== 'left' && turns.length === 0 && !stretches.some(({ committed }) => committed)
}

export function reopen(step: Step, turn: TurnState, instead: string, positionMs: number): void {
  enter(step, turn, 'capturing')
  turn.asked = false
  turn.endedMs = null
  step.effects.push({ type: 'reopen', turnId: turn.id, instead, positionMs })
}

/** The user is done with an utterance of push-to-talk; it is whole once the ear has heard all of it. */
export function closeUtterance(step: Step, turn: TurnState, commitAtMs: number | null): void {
  for (const stretch of step.state.stretches) if (stretch.id === turn.stretch) stretch.committed = true
  turn.phase = 'closing'
  hear(step, { order: 'close', commitAtMs })
  wait(step, turn, 'closing', CLOSED_WITHIN_MS)
}

/** The same in other modes: what is on its way through the ear is of the stretch that ends here, even if it is no turn yet. */
export function commitStretch(step: Step, next: number, commitAtMs: number | null): void {
  const { state } = step
  for (const stretch of state.stretches) stretch.committed = true
  state.stretches.push({ id: next, committed: false })
  hear(step, { order: 'commit', next, commitAtMs })
  const turn = asking(state)
  if (turn === undefined) return
  turn.phase = 'closing'
  wait(step, turn, 'closing', CLOSED_WITHIN_MS)
}

/** What is being said now is nothing; frames of it that the ear has still to hear are late. */
export function dropUtterance(step: Step, next: number): void {
  const { state } = step
  const turn = asking(state)
  const open = state.stretches.find(stretch => !stretch.committed)
  state.stretches = state.stretches.filter(stretch => stretch.committed)
  if (state.mode !== 'push-to-talk' && open !== undefined) {
    state.stretches.push({ id: next, committed: false })
    hear(step, { order: 'drop', next })
  } else if (open !== undefined) {
    hear(step, { order: 'forget' })
  }
  if (turn !== undefined) stop(step, turn, 'discarded')
}

/** Whoever takes the floor ends the reply that is under way. */
export function stopReply(step: Step, reason: 'barge-in' | 'client', atMs: number): void {
  if (reason === 'client') giveUpHearing(step)
  const turn = replying(step.state)
  if (turn !== undefined) stopReplyOf(step, turn, reason, atMs)
  for (const said of step.state.turns) {
    if (said.over === null) continue
    // There is no reply any more that it is said over.
    said.over = null
    if (reason === 'client' && said.phase !== 'capturing') stop(step, said, reason)
  }
}

function stopReplyOf(step: Step, turn: TurnState, reason: 'barge-in' | 'client', atMs: number): void {
  const { audibleAtMs, phase } = turn
  stop(step, turn, reason)
  if (phase !== 'speaking' && phase !== 'playing') return
  const sinceFirstMs = atMs - (audibleAtMs ?? atMs)
  const ms = step.state.reports ? STOPPED_WITHIN_MS : FIRST_REPORT_WITHIN_MS - sinceFirstMs
  if (step.state.plays && ms > 0) wait(step, turn, 'report', ms)
}

/** What was spoken over and is still being recognized would hold up every later question for as long as an engine hangs. */
function giveUpHearing(step: Step): void {
  for (const turn of step.state.turns) {
    if (turn.stop !== 'barge-in' || !(isBeingSaid(turn) || turn.phase === 'transcribing')) continue
    silence(step, turn)
    enter(step, turn, 'stopping')
  }
}

export function stop(step: Step, turn: TurnState, reason: Stop): void {
  turn.stop = reason
  if (reason === 'barge-in' || reason === 'client') {
    step.effects.push({ type: 'interrupted', turnId: turn.id, reason })
  }
  // Who goes on speaking meant what was said before: it is recognized and stays in the history, unanswered.
  if (reason === 'barge-in' && (turn.phase === 'closing' || turn.phase === 'transcribing')) return
  silence(step, turn)
  enter(step, turn, 'stopping')
}

export function silence(step: Step, { id, asked }: TurnState): void {
  if (!asked) step.effects.push({ type: 'stop-hearing', turnId: id })
  step.effects.push({ type: 'stop-reply', turnId: id })
}

/** Turns that wait for others go on, oldest first; and then what is to be announced. */
export function advance(step: Step): void {
  let isEarlierOpen = false
  for (const [index, turn] of step.state.turns.entries()) {
    // Nobody asks for the answer to what is no longer the last that was said.
    const isLast = step.state.turns.slice(index + 1).every(({ phase }) => phase === 'capturing')
    if (turn.phase === 'heard' && !isLast) enter(step, turn, 'stopping')
    if (turn.phase === 'waiting' && !isEarlierOpen) {
      enter(step, turn, 'thinking')
      step.effects.push({ type: 'ask', turnId: turn.id })
      wait(step, turn, 'answer', ANSWERED_WITHIN_MS)
    }
    if (turn.phase === 'stopping' && turn.wait === null && !(turn.asked && isEarlierOpen)) {
      turn.phase = 'writing'
      const outcome = outcomeOf(turn)
      step.effects.push({ type: 'settle', turnId: turn.id, outcome })
      step.effects.push({ type: 'write', turnId: turn.id, outcome, error: turn.error })
    }
    if (turn.phase !== 'writing') isEarlierOpen = true
  }
  if (!step.state.announces || !isFree(step.state)) return
  step.state.announces = false
  step.effects.push({ type: 'free' })
}

const outcomes: Record<Stop, Outcome> = {
  'barge-in': 'interrupted',
  client: 'interrupted',
  left: 'interrupted',
  discarded: 'discarded',
  failed: 'failed',
  'no-speech': 'no-speech',
}

export function outcomeOf({ stop: why }: TurnState): Outcome {
  return why === null ? 'completed' : outcomes[why]
}

export function enter(step: Step, turn: TurnState, phase: Phase): void {
  turn.phase = phase
  clear(step, turn)
  if (phase !== 'stopping') return
  const wasOver = turn.over !== null
  turn.over = null
  turn.held = null
  if (wasOver) release(step)
}

/** Nobody speaks over the reply any more: it goes on as it was. */
export function release(step: Step): void {
  const reply = playingReply(step.state)
  if (reply === undefined || reply.held === null) return
  reply.held = null
  step.effects.push({ type: 'resume', turnId: reply.id })
  // Of one that was sent to its end, `resumed` says how long it still plays.
  wait(step, reply, reply.phase === 'speaking' ? 'answer' : 'playback', ANSWERED_WITHIN_MS)
}

export function wait(step: Step, turn: TurnState, why: Wait, ms: number): void {
  turn.wait = why
  step.effects.push({ type: 'timer', turnId: turn.id, wait: why, ms })
}

export function clear(step: Step, turn: TurnState): void {
  if (turn.wait !== null) step.effects.push({ type: 'clear', turnId: turn.id })
  turn.wait = null
}

export function hear(step: Step, order: HearingOrder): void {
  step.effects.push({ type: 'hear', order })
}

/** Who asks anew while the server stops has given up the reply that it waited for. */
export function refusesTurns(step: Step): boolean {
  if (step.state.closing === null) return false
  const error = new QuantvoxError('shutting_down', 'The server is shutting down.')
  step.effects.push({ type: 'refuse', error })
  return true
}

export function outOfPlace(step: Step, what: string, why: string): void {
  const error = new QuantvoxError('invalid_state', `"${what}" is out of place. ${why}`)
  step.effects.push({ type: 'refuse', error })
}

export function tooLate(over: Wait): QuantvoxError {
  const what = { closing: 'The audio was not heard', transcribing: 'The question was not understood' }
  const which = over in what ? what[over as keyof typeof what] : 'The reply did not end'
  return new QuantvoxError('engine_timeout', `${which} in time.`, { mend: 'Try again.' })
}
