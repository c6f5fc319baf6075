import type { MicrophoneError } from '../audio/microphone.ts'
import { type SoundHold, soundHolds } from '../audio/soundHold.ts'
import type { TalkSettings } from './talkSettings.ts'
import type { TalkFacts, TalkStateName } from './talkState.ts'

export type HintFacts = {
  state: TalkStateName
  settings: Pick<TalkSettings, 'mode' | 'press' | 'holdSpace'>
  microphone: TalkFacts['microphone']
  failure: MicrophoneError | null
  held: SoundHold | null
  /** What is to be said first in wake-word mode. */
  wakeWord: string
  /** Why the connection is lost, and when it is tried again. */
  waiting: { why: string; seconds: number } | null
  silentForMs: number
  /** There may be no Esc. */
  isTouch: boolean
}

/** Exact silence for so long is no quiet room. */
const SILENT_MS = 4000

/** What to know in this state, in one or two sentences. */
export function hintFor(facts: HintFacts): string {
  const { state, settings, microphone, failure, held, wakeWord, waiting, silentForMs } = facts
  const stop = facts.isTouch ? 'Tap the button' : 'Press Esc'
  switch (state) {
    case 'off':
      return 'Tap and talk, or type below.'
    case 'ready':
      return `${howToPress(settings)}.`
    case 'listening':
      return silentForMs > SILENT_MS
        ? 'Only silence comes in. Is the microphone muted in the system?'
        : 'Ask something. A pause ends your question.'
    case 'waiting':
      return `Say “${wakeWord}”, and what you want to know.`
    case 'muted':
      return 'Nothing you say is heard.'
    case 'no-signal':
      return 'No sound arrives from the microphone. Choose another, or turn it off and on.'
    case 'hearing':
      return settings.mode === 'push-to-talk'
        ? `Let go when you are done.${facts.isTouch ? '' : ' Esc drops it.'}`
        : ''
    case 'loading':
      return 'It is not in memory yet. The next answer will be quicker.'
    case 'speaking':
      return microphone === 'on' && settings.mode !== 'push-to-talk'
        ? `Talk over it, or ${facts.isTouch ? 'tap' : 'press Esc'}, to stop it.`
        : `${stop} to stop it.`
    case 'thinking':
    case 'answering':
      return `${stop} to stop it.`
    case 'held':
      return held === null ? '' : soundHolds[held]
    case 'typed-only':
      return `${waiting?.why ?? ''} Typed questions are answered; what to set is at the top of the page.`.trim()
    case 'reconnecting':
      if (waiting === null) return ''
      return `${waiting.why} ${waiting.seconds > 0 ? `Trying again in ${waiting.seconds} s.` : 'Trying again.'}`
    case 'error':
      return failure === null ? '' : `${failure.message} ${failure.mend}`
    default:
      return ''
  }
}

/** What a press of the big control does. */
export function actionFor(
  state: TalkStateName,
  settings: HintFacts['settings'],
  microphoneOn: boolean,
): string {
  if (state === 'held') return 'Let the sound go on'
  if (!microphoneOn) return 'Start talking'
  if (settings.mode === 'push-to-talk') {
    if (state === 'hearing') return 'Finish the question'
    return settings.press === 'hold' ? 'Hold to talk' : 'Talk'
  }
  return answerUnderWay(state) ? 'Stop the answer' : 'Stop listening'
}

export function answerUnderWay(state: TalkStateName): boolean {
  return ['transcribing', 'thinking', 'loading', 'answering', 'speaking'].includes(state)
}

function howToPress({ press, holdSpace }: HintFacts['settings']): string {
  if (press === 'hold') return `Hold the button${holdSpace ? ' or Space' : ''} while you talk`
  return `Press the button${holdSpace ? ' or Space' : ''}, talk, and press again`
}
