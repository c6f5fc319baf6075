import { heardPrefix } from '../heardText.ts'
import { hasLetterOrDigit } from '../speakable.ts'
import type { Voice } from '../voice.ts'

/** A slow voice of a browser that tells nothing needs about so long for a letter, and so long to begin. */
const MS_PER_LETTER = 100
const START_MS = 5000

/** The page speaks with a voice of the browser, and may tell how many characters of the reply it has come to. */
export const browserVoice: Voice = {
  name: 'browser',
  kind: 'inBrowser',
  speak: null,
  languages: null,
  pronounces: hasLetterOrDigit,
  saysAll: () => true,
  heard({ reply, spokenLength, stopped }) {
    if (spokenLength !== null) return heardPrefix(reply, spokenLength)
    return stopped ? '' : reply
  },
  allPlayed: ({ reply, spokenLength }) => (spokenLength ?? 0) >= reply.trimEnd().length,
  playbackWithinMs: ({ reply }) => (reply === '' ? null : START_MS + reply.length * MS_PER_LETTER),
}
