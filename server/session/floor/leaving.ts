import { enter, hear, type Step, silence } from './steps.ts'
import { setWakefulness } from './wakefulness.ts'

/** No further turn is taken; those that only wait to be asked end. */
export function finish(step: Step): void {
  step.state.closing ??= 'finishing'
  for (const turn of step.state.turns) if (turn.phase === 'heard') enter(step, turn, 'stopping')
}

/** The listener is gone: nothing more is heard, and every turn ends. */
export function leave(step: Step): void {
  const { state } = step
  state.closing = 'left'
  state.stretches = []
  state.announces = false
  setWakefulness(step, null)
  hear(step, { order: 'off' })
  for (const turn of state.turns) {
    if (turn.phase === 'writing') continue
    if (turn.phase === 'capturing') turn.stop = 'discarded'
    if (turn.phase !== 'heard') turn.stop ??= 'left'
    silence(step, turn)
    enter(step, turn, 'stopping')
  }
}
