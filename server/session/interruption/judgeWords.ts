import { isEchoOf } from './echo.ts'

/**
 * What is said over a reply:
 * - `command`: it is to stop, and nothing else
 * - `stop`: a word that stops it, among others
 * - `words`: two words or more that are none of those below; `word`: one
 * - `aside`: nothing, laughter, or what a listener says to show that they listen
 * - `echo`: what the reply itself said
 */
export type Words = 'command' | 'stop' | 'words' | 'word' | 'aside' | 'echo'

export type Said = {
  /** What was recognized of it. */
  text: string
  /** What the reply spoke lately. */
  spoken: string
  /** The microphone is known to hear the replies. */
  hearsItself: boolean
}

/** Fewer words of a reply may well be said by the listener, who has just heard them; with a stop word among them that is two as well. */
const FEWEST_OF_ECHO = 2
const FEWEST_WITH_STOP = 3

const STOP = words(`stop stopp wait no nope quiet cancel enough halt shush silence pause nevermind`)
const STOP_PHRASES =
  /\b(?:hold (?:on|it|up)|hang on|never mind|shut up|be quiet|that(?:'s| is) enough|(?:one|just a) (?:moment|second|sec|minute))\b/g
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
const HUM = /^(?:m+|m+h+u?m*|h+m+|u+h+(?:h*u+h+|h*m+)?|u+m+|a+h+(?:a+h*)?|o{2,}h*|e+r+m*|e+h+)$/
const LAUGH = /^a?(?:h+[aeio]+h*){2,}$|^h+[ae]+h+$|^ha+$/

/** The words of an utterance over a reply, judged. Pure; English, and elsewhere at least the echo. */
export function judgeWords({ text, spoken, hearsItself }: Said): Words {
  // What is noted in brackets was not said.
  const plain = plainOf(text.replace(/[([*][^)\]*]*[)\]*]/g, ' '))
  const said = plain.split(' ').filter(Boolean)
  if (said.length === 0) return 'aside'
  const isEcho = isEchoOf(plain, plainOf(spoken))
  const stops = stopIn(plain)
  if (isEcho && said.length >= (stops === null ? FEWEST_OF_ECHO : FEWEST_WITH_STOP)) return 'echo'
  if (stops !== null) return isEcho && hearsItself ? 'aside' : stops
  if (isEcho) return 'aside'
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
