/** What holds the sound, and what gets it going again. */
export const soundHolds = {
  taken: 'Another app, or a call, has the sound. It goes on when that is over, or tap anywhere.',
  hidden: 'The browser holds the sound while the page is out of sight.',
  stopped: 'The browser holds the sound. Tap anywhere, and it goes on.',
  'answer-stopped': 'Something stopped the answer: a headset, or another app. Tap anywhere, and it goes on.',
  'microphone-muted':
    'The system has muted the microphone. It is heard again as soon as the system, or a switch on it, lets it.',
} as const

export type SoundHold = keyof typeof soundHolds

export type SoundFacts = {
  /** The microphone is on. */
  listens: boolean
  /** A reply is played. */
  plays: boolean
  /** Of the audio context; null before there is one. */
  context: AudioContextState | null
  /** It ran before: until then it only starts. */
  hasRun: boolean
  /** The element that replies play through stands still. */
  elementPaused: boolean
  pageHidden: boolean
  /** By the system, not on this page. */
  microphoneMuted: boolean
}

/** Why sound that is wanted does not flow; null where it does, as far as the browser says. */
export function soundHold(facts: SoundFacts): SoundHold | null {
  const { listens, plays, context, pageHidden } = facts
  if (!listens && !plays) return null
  if (context === 'interrupted') return 'taken'
  if (context === 'suspended' && facts.hasRun) return pageHidden ? 'hidden' : 'stopped'
  if (plays && facts.elementPaused) return pageHidden ? 'hidden' : 'answer-stopped'
  return listens && facts.microphoneMuted ? 'microphone-muted' : null
}
