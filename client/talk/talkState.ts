/** What the big control says, in one word, with a colour and an icon of that name. */
export type TalkStateName =
  | 'off'
  | 'starting'
  | 'ready'
  | 'listening'
  | 'muted'
  | 'no-signal'
  | 'hearing'
  | 'transcribing'
  | 'thinking'
  | 'loading'
  | 'answering'
  | 'speaking'
  | 'reconnecting'
  | 'error'

export type TalkState = { name: TalkStateName; word: string }

/** Where the latest turn is. */
export type TurnPhase = 'none' | 'hearing' | 'transcribing' | 'thinking' | 'answering' | 'speaking'

/** Everything that the state follows from. */
export type TalkFacts = {
  microphone: 'off' | 'starting' | 'on' | 'failed'
  connection: 'closed' | 'connecting' | 'open' | 'waiting'
  mode: 'hands-free' | 'push-to-talk'
  muted: boolean
  /** Frames of the microphone came within the last moment; a count, not a hope. */
  framesFlow: boolean
  phase: TurnPhase
  /** Replies are spoken, so that their text alone is not yet the answer. */
  speaks: boolean
  /** A model of the turn is not in memory yet. */
  loadingModel: boolean
}

const words: Record<TalkStateName, string> = {
  off: 'Off',
  starting: 'Starting',
  ready: 'Ready',
  listening: 'Listening',
  muted: 'Muted',
  'no-signal': 'No signal',
  hearing: 'Hearing you',
  transcribing: 'Transcribing',
  thinking: 'Thinking',
  loading: 'Loading a model',
  answering: 'Answering',
  speaking: 'Speaking',
  reconnecting: 'Reconnecting',
  error: 'No microphone',
}

/** The one state that is true now. "Listening" and "hearing you" need frames that flow. */
export function talkState(facts: TalkFacts): TalkState {
  const name = nameOf(facts)
  return { name, word: words[name] }
}

function nameOf({
  microphone,
  connection,
  mode,
  muted,
  framesFlow,
  speaks,
  phase,
  loadingModel,
}: TalkFacts): TalkStateName {
  const wantsSession = microphone === 'on' || microphone === 'starting' || phase !== 'none'
  if (connection === 'waiting') return 'reconnecting'
  if (connection === 'connecting' && wantsSession) return 'starting'
  if (loadingModel && (phase === 'transcribing' || phase === 'thinking')) return 'loading'
  if (phase === 'hearing') return framesFlow ? 'hearing' : 'no-signal'
  if (phase === 'answering' && speaks) return 'thinking'
  if (phase !== 'none') return phase
  if (microphone === 'failed') return 'error'
  if (microphone === 'starting') return 'starting'
  if (microphone === 'off') return 'off'
  if (connection !== 'open') return 'starting'
  if (!framesFlow) return 'no-signal'
  if (muted) return 'muted'
  return mode === 'hands-free' ? 'listening' : 'ready'
}
