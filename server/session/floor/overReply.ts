import type { FloorState, Heard, TurnState } from './state.ts'
import { playingReply, release, type Step, stop, stopReply, wait } from './steps.ts'

/**
 * Voiced milliseconds over a reply after which it gets quieter, stands still, and stops where no words are known. Nothing is heard of one
 * that stands still, so the last may wait for a recognizer: the first partial of Moonshine comes 800 to 1000 ms after the voice.
 */
const QUIETER_MS = 96
const PAUSED_MS = 320
const STOPPED_MS = 1200
/** Voice is counted in whole frames, of which two more may be voiced in part: "Up." has 224 ms. */
const COUNTED_WITHIN_MS = 32
/** After so much silence the reply goes on, whatever is still to be understood; sound that became no speech is over sooner. */
const HELD_MS = 1000
const SOUND_HELD_MS = 400

/** The turn that is said over a reply, or was and is not judged yet. */
export function saidOver({ turns }: FloorState): TurnState | undefined {
  return turns.find(({ over }) => over !== null)
}

/** Whether so much speech interrupts a reply without words that are known. */
function interrupts({ bargeInMs }: FloorState, voicedMs: number, leastMs = PAUSED_MS): boolean {
  return bargeInMs > 0 && voicedMs >= Math.max(leastMs, bargeInMs)
}

/** There is sound that may come to be speech. */
export function quieten(step: Step, voicedMs: number): void {
  const { state } = step
  const reply = playingReply(state)
  if (reply === undefined || state.bargeInMs === 0 || state.closing !== null || saidOver(state)) return
  if (voicedMs >= QUIETER_MS) hold(step, reply, 'ducked', SOUND_HELD_MS)
}

export function speakOver(step: Step, reply: TurnState, voicedMs: number): void {
  hold(step, reply, interrupts(step.state, voicedMs) ? 'paused' : 'ducked', HELD_MS)
}

/** The same, before it is known what the one before was: whether it stops the reply, and that one is a question. */
export function speakAgain(step: Step, voicedMs: number, hearsItself: boolean, atMs: number): boolean {
  const reply = playingReply(step.state)
  if (interrupts(step.state, voicedMs, STOPPED_MS) && !(hearsItself && reply)) {
    stopReply(step, 'barge-in', atMs)
    return true
  }
  if (reply !== undefined && !hearsItself) speakOver(step, reply, voicedMs)
  return false
}

/** More is known of what is said over a reply. */
export function goOn(
  step: Step,
  turn: TurnState,
  {
    isVoiced,
    hearsItself,
    atMs,
    ...heard
  }: Heard & { isVoiced: boolean; hearsItself: boolean; atMs: number },
): void {
  const { state } = step
  turn.over = isMeant(state, heard) ? 'meant' : 'open'
  const reply = playingReply(state)
  if (reply === undefined) return
  if (endsReply(state, heard, hearsItself)) stopReply(step, 'barge-in', atMs)
  // It would stand still at every sound of its own, or of a room in which others speak.
  else if (hearsItself || heard.words === 'far') release(step)
  else if (isVoiced) speakOver(step, reply, heard.voicedMs)
}

/** The whole of what was said over a reply is known: the reply goes on or ends, and what is no question is dropped. */
export function judge(step: Step, turn: TurnState, heard: Heard, atMs: number): void {
  const isReplyLive = turn.over !== null && playingReply(step.state) !== undefined
  const ends = isMeant(step.state, heard)
  if (isReplyLive && ends) stopReply(step, 'barge-in', atMs)
  turn.over = null
  const isQuestion = heard.words === 'word' || heard.words === 'words' || heard.words === 'stop'
  if (isQuestion && (ends || !isReplyLive)) return
  stop(step, turn, 'discarded')
  release(step)
}

/** What was to be understood of an utterance over a reply takes too long. */
export function endHold(step: Step): void {
  if (saidOver(step.state)?.over === 'meant') stopReply(step, 'barge-in', Number.POSITIVE_INFINITY)
  else release(step)
}

/** Whether such an utterance interrupts the reply once it is over. */
function isMeant(state: FloorState, { voicedMs, words }: Heard): boolean {
  if (words === 'stop' || words === 'command') return state.bargeInMs > 0
  return (words === 'word' || words === 'words') && interrupts(state, voicedMs + COUNTED_WITHIN_MS, 0)
}

/** Whether it does at once. */
function endsReply(state: FloorState, heard: Heard, hearsItself: boolean): boolean {
  const { words, voicedMs } = heard
  if (words === 'aside' || words === 'echo' || words === 'far') return false
  if (words !== null && words !== 'unclear' && words !== 'word') return isMeant(state, heard)
  return !hearsItself && interrupts(state, voicedMs, STOPPED_MS)
}

function hold(step: Step, reply: TurnState, stage: 'ducked' | 'paused', ms: number): void {
  if (reply.held !== 'paused' && reply.held !== stage) {
    reply.held = stage
    step.effects.push({ type: stage === 'paused' ? 'pause' : 'duck', turnId: reply.id })
  }
  wait(step, reply, 'hold', ms)
}
