import type { HeardText } from '../../recognition/recognizer.ts'
import { isEchoOf } from './echo.ts'
import { KNOWN_OWN_SHARE, OWN_SHARE } from './utteranceSound.ts'

/**
 * What is said over a reply:
 * - `command`: it is to stop, and nothing else
 * - `stop`: a word that stops it, among others
 * - `words`: two words or more that are none of those below; `word`: one
 * - `unclear`: words that may be none, and none of those above
 * - `aside`: nothing, laughter, or what a listener says to show that they listen
 * - `echo`: what the reply itself said
 * - `far`: of a voice that is much quieter than the session's, without a word that stops it
 */
export type Words = 'command' | 'stop' | 'words' | 'word' | 'unclear' | 'aside' | 'echo' | 'far'

export type Said = {
  /** What was recognized of it; null where nothing is yet. */
  said: HeardText | null
  /** What the reply spoke lately. */
  spoken: string
  /** The microphone is known to hear the replies. */
  hearsItself: boolean
  /** How much of its sound is the reply's, 0 to 1; null where that is not known. */
  ownShare: number | null
  /** It is much quieter than who speaks in this session. */
  isFar: boolean
}

/** Where so much of the sound is the reply's, nobody else can have been understood: not even a stop word. */
const NOTHING_ELSE_SHARE = 0.8

/** One word of a reply may well be said by the listener, who has just heard it; with a stop word among them two as well. */
const FEWEST_WITH_STOP = 3

const STOP = words(`stop stopp wait no nope quiet cancel enough halt shush silence pause nevermind`)
const STOP_PHRASES =
  /\b(?:hold (?:on|it|up)|hang on|never mind|shut up|be quiet|that(?:'s| is) enough|(?:one|just a) (?:moment|second|sec|minute))\b/g
const ANY_STOP = new RegExp(`\\b(?:${[...STOP].join('|')})\\b|${STOP_PHRASES.source}`)
/** What may stand beside a stop word of which nothing else is meant; "no" alone may be an answer. */
const BESIDE_STOP = words(
  `please now it okay ok oh hey just the talking speaking there a moment second sec minute`,
)
const ANSWERING = words(`no nope`)

const LISTENING_PHRASES =
  /\b(?:i see|got it|go on|of course|all right|i know|for sure|sounds good|makes sense|oh my(?: god)?|you know)\b/g
const LISTENING = words(
  `oh ah aha right really wow great good nice cool interesting exactly true indeed absolutely totally fine
  huh like well so you`,
)
/** The same, unless they answer a question. */
const AGREEING = words(`yeah yep yup yes ya okay ok alright sure right`)
/** "mm", "mm-hm", "uh-huh", "hm", "uh", "um", "er", "ah", as they are spelled. */
const HUM = /^(?:m+|m+h+u?m*|h+m+|u+h+(?:h*u+h*|h*m+)?|u+m+|a+h+(?:a+h*)?|o{2,}h*|e+r+m*|e+h+)$/
const LAUGH = /^a?(?:h+[aeio]+h*){2,}$|^h+[ae]+h+$|^ha+$|^laugh(?:s|ter|ing)$/

/**
 * An utterance over a reply, judged by its words and its sound; null: nothing is known of it. Pure; English, and elsewhere at least
 * the echo and the far voice.
 */
export function judgeWords({ said, ...known }: Said): Words | null {
  if (said === null) {
    if (isOwn(known)) return 'echo'
    return known.isFar ? 'far' : null
  }
  const judged = judgeText(said.text, known)
  const before = said.firstText === null ? judged : judgeText(said.firstText, known)
  const counts = surest.find(words => words === judged || words === before)
  return counts ?? (said.isUnclear ? 'unclear' : judged)
}

type Known = Omit<Said, 'said'>

/** What counts where another model heard something else: nobody takes noise for one of these words. */
const surest = ['command', 'stop', 'echo', 'aside', 'far'] as const

function isOwn({ ownShare, hearsItself }: Known): boolean {
  return ownShare !== null && ownShare >= (hearsItself ? KNOWN_OWN_SHARE : OWN_SHARE)
}

function judgeText(text: string, known: Known): Words {
  // What is noted in brackets was not said.
  const plain = plainOf(text.replace(/[([*][^)\]*]*[)\]*]/g, ' '))
  if (plain === '') return known.isFar ? 'far' : 'aside'
  const stops = stopIn(plain)
  // Whatever was misheard of it.
  if (isOwn(known) && (stops === null || (known.ownShare ?? 0) >= NOTHING_ELSE_SHARE)) return 'echo'
  const judged = judgePlain(plain, stops, known)
  return known.isFar && judged !== 'echo' ? (stops ?? 'far') : judged
}

function judgePlain(
  plain: string,
  stops: 'stop' | 'command' | null,
  { spoken, hearsItself, ownShare }: Known,
): Words {
  const repeated = plainOf(spoken)
  const isEcho = isEchoOf(plain, repeated)
  if (stops !== null) {
    // Somebody else is heard, and it is no word of the reply.
    const isAdded =
      ownShare !== null && ownShare < KNOWN_OWN_SHARE && stopIn(without(plain, repeated)) !== null
    // What comes before the stop word is the reply's, or an echo of it that was misheard.
    if (!isEcho || isAdded) return hearsItself ? (stopIn(fromStop(plain)) ?? stops) : stops
    if (plain.split(' ').length >= FEWEST_WITH_STOP) return 'echo'
    return hearsItself ? 'aside' : stops
  }
  if (isEcho) return plain.includes(' ') ? 'echo' : 'aside'
  const answers = /\?["”')]*\s*$/.test(spoken)
  const others = plain
    .replace(LISTENING_PHRASES, ' ')
    .split(' ')
    .filter(word => word !== '' && !isAside(word, answers)).length
  if (others === 0) return 'aside'
  return others === 1 ? 'word' : 'words'
}

function isAside(word: string, answers: boolean): boolean {
  if (HUM.test(word) || LAUGH.test(word)) return true
  return AGREEING.has(word) ? !answers : LISTENING.has(word)
}

function stopIn(plain: string): 'stop' | 'command' | null {
  const rest = plain.replace(STOP_PHRASES, ' ').split(' ').filter(Boolean)
  const stops = rest.filter(word => STOP.has(word))
  if (stops.length === 0 && !plain.match(STOP_PHRASES)) return null
  const others = rest.filter(word => !STOP.has(word) && !BESIDE_STOP.has(word))
  const isAnswer = stops.length > 0 && stops.every(word => ANSWERING.has(word)) && !plain.match(STOP_PHRASES)
  return others.length > 0 || isAnswer ? 'stop' : 'command'
}

/** The text from its first stop word or phrase on. */
function fromStop(plain: string): string {
  const at = plain.search(ANY_STOP)
  return at < 0 ? plain : plain.slice(at)
}

/** The words of a text that are none of another. */
function without(plain: string, other: string): string {
  const known = words(other)
  return plain
    .split(' ')
    .filter(word => !known.has(word))
    .join(' ')
}

/** Lower case, words apart by one blank, "mm-hm" as one word. */
function plainOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/(?<=\p{L})-(?=\p{L})/gu, '')
    .replace(/[^\p{L}\p{N}' ]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/))
}
