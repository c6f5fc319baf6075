import { finish, leave } from './leaving.ts'
import { endHold, goOn, judge, quieten, saidOver, speakAgain, speakOver } from './overReply.ts'
import type { FloorEffect, FloorEvent, FloorState } from './state.ts'
import {
  ASKED_WITHIN_MS,
  advance,
  asking,
  askWhole,
  CLOSED_WITHIN_MS,
  clear,
  closeUtterance,
  commitStretch,
  dropUtterance,
  enter,
  goesOn,
  hear,
  inPhase,
  isBeingSaid,
  isFree,
  openTurn,
  outOfPlace,
  playingReply,
  refusesTurns,
  reopen,
  replying,
  type Step,
  silence,
  stop,
  stopReply,
  stretchesBeingSaid,
  TRANSCRIBED_WITHIN_MS,
  tooLate,
  unanswered,
  wait,
} from './steps.ts'
import { afterTurn, getDrowsy, setWakefulness, sleepIfSilent, wakeUp } from './wakefulness.ts'

/**
 * Who has the floor: everything between "someone begins to speak or types" and "its row is written". Pure: nothing here waits,
 * reads a clock or touches anything else. At most one question is being said, at most one reply is under way; every turn that
 * was opened is settled, written and done once.
 */
export function takeFloor(
  before: FloorState,
  event: FloorEvent,
): { state: FloorState; effects: FloorEffect[] } {
  // Whoever left hears nothing more and says nothing more; ears that still hear what was committed may break.
  if (before.closing === 'left' && event.type !== 'written') return { state: before, effects: [] }
  const state = {
    ...before,
    stretches: before.stretches.map(stretch => ({ ...stretch })),
    turns: before.turns.map(turn => ({ ...turn })),
  }
  const step: Step = { state, effects: [] }
  const answer = answers[event.type] as (step: Step, event: FloorEvent) => void
  answer(step, event)
  advance(step)
  return step
}

type Event<T extends FloorEvent['type']> = Extract<FloorEvent, { type: T }>

/** One entry for each thing that can happen. */
const answers: { [T in FloorEvent['type']]: (step: Step, event: Event<T>) => void } = {
  begin(step, event) {
    if (step.state.mode !== 'push-to-talk') {
      outOfPlace(step, 'begin', `It is for push-to-talk; this session's mode is ${step.state.mode}.`)
      return
    }
    if (asking(step.state)) {
      outOfPlace(step, 'begin', 'An utterance is open already.')
      return
    }
    if (refusesTurns(step)) return
    if (!step.state.leavesReplies) stopReply(step, 'client', event.atMs)
    // What came before and is no turn yet is older than this one.
    step.state.stretches = [...stretchesBeingSaid(step.state), { id: event.next, committed: false }]
    hear(step, { order: 'open', stretch: event.next })
    openTurn(step, event.turnId, 'capturing', event.next, event.positionMs)
  },

  commit(step, { next, atMs }) {
    const turn = asking(step.state)
    if (step.state.mode === 'push-to-talk') {
      if (turn === undefined) outOfPlace(step, 'commit', 'No utterance is open.')
      else closeUtterance(step, turn, atMs)
      return
    }
    // Asleep, nobody says anything that could be over.
    if (step.state.wake !== 'asleep') commitStretch(step, next, atMs)
  },

  cancel(step, { next }) {
    if (step.state.mode === 'push-to-talk' && !asking(step.state)) {
      outOfPlace(step, 'cancel', 'No utterance is open.')
      return
    }
    dropUtterance(step, next)
  },

  question(step, { turnId, next, atMs }) {
    if (refusesTurns(step)) return
    dropUtterance(step, next)
    stopReply(step, 'client', atMs)
    const said = stretchesBeingSaid(step.state)
    step.state.stretches = step.state.stretches.filter(one => !one.committed || said.includes(one))
    askWhole(step, turnId)
  },

  respond(step, { turnId }) {
    if (refusesTurns(step)) return
    const said = unanswered(step.state)
    if (said === undefined) askWhole(step, turnId)
    else said.answer = true
    if (said?.phase === 'heard') enter(step, said, 'waiting')
    step.effects.push({ type: 'want', turnId: said?.id ?? turnId, instead: turnId })
  },

  announce(step, { turnId }) {
    if (isFree(step.state)) askWhole(step, turnId)
    else step.state.announces = true
  },

  answering({ state }, { answering }) {
    state.answering = answering
  },

  interrupt(step, { turnId, next, atMs }) {
    const turn = asking(step.state)
    const isOver = saidOver(step.state)?.id === turnId
    if (turn !== undefined && turn.id === turnId) dropUtterance(step, next)
    else if (turnId === null || replying(step.state)?.id === turnId || isOver) stopReply(step, 'client', atMs)
  },

  configured(step, { mode, bargeInMs, next }) {
    step.state.bargeInMs = bargeInMs
    if (mode === step.state.mode) return
    const turn = asking(step.state)
    if (turn !== undefined) stop(step, turn, 'discarded')
    step.state.mode = mode
    setWakefulness(step, mode === 'wake-word' ? 'asleep' : null)
    step.state.stretches = step.state.stretches.filter(stretch => stretch.committed)
    if (mode === 'hands-free') step.state.stretches.push({ id: next, committed: false })
    hear(step, { order: 'mode', mode, next })
  },

  woken(step, { next, positionMs, atMs }) {
    wakeUp(step, next, positionMs, atMs)
  },

  drowsy(step) {
    getDrowsy(step)
  },

  sound(step, { stretch, voicedMs }) {
    if (step.state.stretches.some(({ id }) => id === stretch)) quieten(step, voicedMs)
  },

  voiced(step, { stretch: id, turnId, positionMs, voicedMs, hearsItself, atMs }) {
    const { state } = step
    const stretch = state.stretches.find(known => known.id === id)
    if (stretch === undefined || asking(state)) return
    if (state.turns.some(turn => turn.stretch === id && isBeingSaid(turn))) return
    const isAgain = saidOver(state) !== undefined
    if (isAgain && !speakAgain(step, voicedMs, hearsItself, atMs)) return
    const over = state.closing === null ? playingReply(state) : undefined
    const reply = replying(state)
    if (over === undefined && reply !== undefined) {
      const isFree = state.leavesReplies && state.bargeInMs === 0
      if (!isFree && (state.bargeInMs === 0 || voicedMs < state.bargeInMs)) return
      if (!isAgain && !state.leavesReplies && goesOn(reply, stretch, positionMs)) {
        reopen(step, reply, turnId, positionMs)
        return
      }
      if (!isFree) stopReply(step, 'barge-in', atMs)
    }
    if (state.closing !== null || (over !== undefined && state.bargeInMs === 0)) return
    const phase = stretch.committed ? 'closing' : 'capturing'
    const turn = openTurn(step, turnId, phase, id, positionMs, over?.id ?? null)
    if (stretch.committed) wait(step, turn, 'closing', CLOSED_WITHIN_MS)
    if (over !== undefined && !hearsItself) speakOver(step, over, voicedMs)
  },

  words(step, event) {
    const turn = inPhase(step, event.turnId, 'capturing', 'closing')
    if (turn !== undefined && turn.over !== null) goOn(step, turn, event)
  },

  'cut-off'(step, { stretch, next }) {
    const turn = asking(step.state)
    if (step.state.mode === 'push-to-talk') {
      if (turn?.stretch === stretch) closeUtterance(step, turn, null)
    } else if (step.state.stretches.some(({ id, committed }) => id === stretch && !committed)) {
      commitStretch(step, next, null)
    }
  },

  ended(step, { stretch, last, end }) {
    const { state } = step
    if (!state.stretches.some(known => known.id === stretch)) return
    if (last) state.stretches = state.stretches.filter(known => known.id !== stretch)
    const turn = state.turns.find(one => one.stretch === stretch && isBeingSaid(one))
    if (turn === undefined) return sleepIfSilent(step)
    turn.phase = 'transcribing'
    turn.endedMs = end.positionMs
    step.effects.push({ type: 'understand', turnId: turn.id, end })
    wait(step, turn, 'transcribing', TRANSCRIBED_WITHIN_MS)
  },

  understood(step, { turnId, said, over, atMs }) {
    const turn = inPhase(step, turnId, 'transcribing')
    if (turn === undefined) return
    if (said && over !== null && turn.stop === null) judge(step, turn, over, atMs)
    if (turn.phase === 'stopping') return
    turn.asked = said
    if (!said && turn.stop === null) turn.stop = 'no-speech'
    if (turn.stop !== null || (!turn.answer && step.state.answering === 'never'))
      enter(step, turn, 'stopping')
    else enter(step, turn, turn.answer ? 'waiting' : 'heard')
    if (turn.phase === 'heard') wait(step, turn, 'asked', ASKED_WITHIN_MS)
  },

  audible(step, { turnId, atMs }) {
    const turn = inPhase(step, turnId, 'thinking')
    if (turn === undefined) return
    turn.phase = 'speaking'
    turn.audibleAtMs = atMs
  },

  answered(step, { turnId, playbackWithinMs }) {
    const turn = inPhase(step, turnId, 'thinking', 'speaking')
    if (turn === undefined) return
    if (playbackWithinMs === null || !step.state.plays) {
      enter(step, turn, 'stopping')
      return
    }
    turn.phase = 'playing'
    if (turn.held === null) wait(step, turn, 'playback', playbackWithinMs)
  },

  playback(step, { turnId, over, gaveUp, playbackWithinMs }) {
    step.state.reports = true
    const turn = inPhase(step, turnId, 'speaking', 'playing', 'stopping')
    if (turn === undefined) return
    if (turn.phase === 'stopping') {
      if (over && turn.wait === 'report') clear(step, turn)
    } else if (gaveUp) {
      stop(step, turn, 'client')
    } else if (turn.phase === 'playing') {
      if (over || playbackWithinMs === null) enter(step, turn, 'stopping')
      else if (turn.held === null) wait(step, turn, 'playback', playbackWithinMs)
    }
  },

  resumed(step, { turnId, playbackWithinMs }) {
    const turn = inPhase(step, turnId, 'playing')
    if (turn === undefined || turn.held !== null) return
    if (playbackWithinMs === null) enter(step, turn, 'stopping')
    else wait(step, turn, 'playback', playbackWithinMs)
  },

  failed(step, { turnId, error }) {
    const turn = inPhase(step, turnId, 'closing', 'transcribing', 'waiting', 'thinking', 'speaking')
    if (turn === undefined) return
    // Whatever breaks in a turn that was stopped, stopping it is why.
    if (turn.stop === null) {
      turn.stop = 'failed'
      turn.error = error
    }
    silence(step, turn)
    enter(step, turn, 'stopping')
  },

  timeout(step, { turnId, wait: over }) {
    const turn = step.state.turns.find(one => one.id === turnId)
    if (turn?.wait !== over) return
    turn.wait = null
    if (over === 'hold') endHold(step)
    else if (over === 'playback' || over === 'asked') enter(step, turn, 'stopping')
    else if (over !== 'report') answers.failed(step, { type: 'failed', turnId, error: tooLate(over) })
  },

  written(step, { turnId }) {
    const turn = inPhase(step, turnId, 'writing')
    if (turn === undefined) return
    step.state.turns = step.state.turns.filter(other => other !== turn)
    step.effects.push({ type: 'done', turnId })
    if (turn.error !== null && !turn.error.recoverable) step.effects.push({ type: 'end', error: turn.error })
    afterTurn(step, turn)
  },

  broken(step, { error }) {
    step.effects.push({ type: 'end', error })
  },

  finish,

  leave,
}
