import type { FloorState, TurnState } from './state.ts'
import { hear, type Step, stopReply } from './steps.ts'

/** After the wake word, and after each turn that was answered, so long for the next question to begin. */
const AWAKE_MS = 8000

/** The wake word was said: it ends the reply, and what it begins is a question. */
export function wakeUp(step: Step, next: number, positionMs: number, atMs: number): void {
  const { state } = step
  if (state.wake === null || state.closing !== null) return
  stopReply(step, 'barge-in', atMs)
  if (state.wake === 'asleep') {
    state.stretches.push({ id: next, committed: false })
    hear(step, { order: 'wake', next, positionMs })
  }
  stayAwake(step)
}

export function getDrowsy(step: Step): void {
  if (step.state.wake !== 'awake') return
  step.state.wake = 'sleepy'
  sleepIfSilent(step)
}

/** A turn is over: another may follow it without the wake word, if it was one. */
export function afterTurn(step: Step, { asked, stop }: TurnState): void {
  const { wake } = step.state
  if (wake === null || wake === 'asleep') return
  if (asked && stop !== 'discarded') stayAwake(step)
  else sleepIfSilent(step)
}

/** Another mode, or this one anew. */
export function setWakefulness(step: Step, wake: FloorState['wake']): void {
  if (step.state.wake !== null) step.effects.push({ type: 'stay-awake', ms: null })
  step.state.wake = wake
}

function stayAwake(step: Step): void {
  step.state.wake = 'awake'
  step.effects.push({ type: 'stay-awake', ms: AWAKE_MS })
}

/** Where being awake is over, and nothing is said or answered any more. */
export function sleepIfSilent(step: Step): void {
  const { state } = step
  if (state.wake !== 'sleepy' || state.turns.length > 0) return
  // What was committed is still to be heard.
  if (state.stretches.some(({ committed }) => committed)) return
  state.wake = 'asleep'
  state.stretches = []
  hear(step, { order: 'sleep' })
  step.effects.push({ type: 'fall-asleep' })
}
