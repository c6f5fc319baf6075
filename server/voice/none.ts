import { hasLetterOrDigit } from './speakable.ts'
import type { Voice } from './voice.ts'

/** Nobody speaks: a reply is read as it comes, and one that was stopped counts as unread. */
export const noVoice: Voice = {
  name: 'none',
  kind: 'none',
  speak: null,
  languages: null,
  pronounces: hasLetterOrDigit,
  saysAll: () => true,
  heard: ({ reply, stopped }) => (stopped ? '' : reply),
  allPlayed: () => true,
  playbackWithinMs: () => null,
}
