import type { Mode } from '../../server/protocol/socketClient.ts'
import type { IconName } from '../icons.ts'

/** What the big control says, in one word, with a colour of the state's name and an icon. */
export const talkStates = {
  off: { word: 'Off', icon: 'microphone' },
  starting: { word: 'Starting', icon: 'thinking' },
  ready: { word: 'Ready', icon: 'microphone' },
  listening: { word: 'Listening', icon: 'microphone' },
  waiting: { word: 'Waiting', icon: 'microphone' },
  muted: { word: 'Muted', icon: 'muted' },
  'no-signal': { word: 'No signal', icon: 'warning' },
  held: { word: 'Sound held', icon: 'warning' },
  hearing: { word: 'Hearing you', icon: 'wave' },
  transcribing: { word: 'Transcribing', icon: 'text' },
  thinking: { word: 'Thinking', icon: 'thinking' },
  loading: { word: 'Loading a model', icon: 'loading' },
  answering: { word: 'Answering', icon: 'text' },
  speaking: { word: 'Speaking', icon: 'speaker' },
  'typed-only': { word: 'Typing only', icon: 'warning' },
  reconnecting: { word: 'Reconnecting', icon: 'again' },
  error: { word: 'No microphone', icon: 'warning' },
} as const satisfies Record<string, { word: string; icon: IconName }>

export type TalkStateName = keyof typeof talkStates
export type TalkState = { name: TalkStateName; word: string }

/** Where the latest turn is. */
export type TurnPhase = 'none' | 'hearing' | 'transcribing' | 'thinking' | 'answering' | 'speaking'

/** Everything that the state follows from. */
export type TalkFacts = {
  microphone: 'off' | 'starting' | 'on' | 'failed'
  /** `blocked`: it answers typed questions, one at a time. */
  connection: 'closed' | 'connecting' | 'open' | 'waiting' | 'retrying' | 'blocked'
  mode: Mode
  /** Of wake-word mode: the wake word was said. */
  awake: boolean
  muted: boolean
  /** What the browser or the system holds: all sound, or the microphone's. */
  held: 'sound' | 'microphone' | null
  /** Frames of the microphone came within the last moment; a count, not a hope. */
  framesFlow: boolean
  phase: TurnPhase
  /** Replies are spoken, so that their text alone is not yet the answer. */
  speaks: boolean
  /** A model of the turn is not in memory yet. */
  loadingModel: boolean
}

/** The one state that is true now. "Listening" and "hearing you" need frames that flow. */
export function talkState(facts: TalkFacts): TalkState {
  const name = nameOf(facts)
  return { name, word: talkStates[name].word }
}

function nameOf({
  microphone,
  connection,
  mode,
  awake,
  muted,
  held,
  framesFlow,
  speaks,
  phase,
  loadingModel,
}: TalkFacts): TalkStateName {
  const wantsSession = microphone === 'on' || microphone === 'starting' || phase !== 'none'
  if (connection === 'waiting' || connection === 'retrying') return 'reconnecting'
  if (connection === 'blocked') return phase === 'none' ? 'typed-only' : phase
  if (connection === 'connecting' && wantsSession) return 'starting'
  if (held === 'sound' || (held !== null && phase === 'hearing')) return 'held'
  if (loadingModel && (phase === 'transcribing' || phase === 'thinking')) return 'loading'
  if (phase === 'hearing') return framesFlow ? 'hearing' : 'no-signal'
  if (phase === 'answering' && speaks) return 'thinking'
  if (phase !== 'none') return phase
  if (microphone === 'failed') return 'error'
  if (microphone === 'starting') return 'starting'
  if (microphone === 'off') return 'off'
  if (connection !== 'open') return 'starting'
  if (held !== null) return 'held'
  if (!framesFlow) return 'no-signal'
  if (muted) return 'muted'
  if (mode === 'wake-word' && !awake) return 'waiting'
  return mode === 'push-to-talk' ? 'ready' : 'listening'
}
