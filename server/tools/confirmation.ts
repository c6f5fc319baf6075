import type { ToolCall } from './toolbox.ts'

/**
 * Calls that wait for the user's word, one a conversation. A yes counts for that call with those arguments only, and only in the very next
 * turn of the same conversation.
 */
export type Confirmations = {
  /** Gives the sentence that asks for it. */
  ask(conversationId: string, turnId: string, call: ToolCall): string
  /**
   * What was asked in the turn before, once; whatever is said now, nobody may say yes to it later. Of one that goes on nothing: its question
   * was not heard.
   */
  take(conversationId: string, turnId: string): ToolCall | null
}

/** Longer arguments nobody listens to; such a call is asked for by its beginning. */
const MAX_SPOKEN_LENGTH = 200
/** A yes after that is to something else. */
const ASKED_FOR_MS = 60_000

export function createConfirmations(now: () => number = () => performance.now()): Confirmations {
  const asked = new Map<string, { turnId: string; call: ToolCall; atMs: number }>()
  return {
    ask(conversationId, turnId, call) {
      for (const [id, { atMs }] of asked) if (now() - atMs > ASKED_FOR_MS) asked.delete(id)
      asked.set(conversationId, { turnId, call, atMs: now() })
      return questionFor(call)
    },
    take(conversationId, turnId) {
      const found = asked.get(conversationId)
      asked.delete(conversationId)
      return found === undefined || found.turnId === turnId || now() - found.atMs > ASKED_FOR_MS
        ? null
        : found.call
    },
  }
}

/** Says the very arguments, by their names, so that it is heard what a yes would do. */
export function questionFor({ name, arguments: given }: ToolCall): string {
  const words = (text: string) =>
    text
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .replace(/[_\-.]+/g, ' ')
      .toLowerCase()
  const told = Object.entries(given).map(([key, value]) => `${words(key)} ${spoken(value)}`)
  const all = told.length === 0 ? '' : ` with ${told.join(', ')}`
  const whole = all.length > MAX_SPOKEN_LENGTH ? `${all.slice(0, MAX_SPOKEN_LENGTH)} and more` : all
  return `Shall I ${words(name)}${whole}?`
}

const spoken = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

const YES =
  'yes|yeah|yep|yup|sure|of course|certainly|please do|do it|do that|go ahead|go on|confirm(?:ed)?|affirmative|okay|ok|alright|all right|ja|oui|sí|si'
/** What may stand beside it; whatever else does may be another wish. */
const BESIDE =
  "oh|um|uh|well|please|thanks|thank you|now|then|right|fine|that's right|i do|you may|(?:turn|switch) (?:it|them) (?:on|off)|(?:open|close|send|start|play|add) (?:it|them)"
const yes = new RegExp(`^(?:(?:${BESIDE}) )*(?:${YES})(?: (?:${YES}|${BESIDE}))*$`)
const no =
  /\b(?:no|nope|nah|not|don't|do not|stop|wait|never|cancel|hold (?:on|it)|hang on|forget it|leave it|nevermind|nein|non)\b/

/** Only what is plainly a yes: everything else is none. */
export function isYes(text: string): boolean {
  const said = plain(text)
  return said.split(' ').length <= 8 && yes.test(said)
}

/** What says no to a question that asked for a yes, and no yes beside it: an echo of the question has both. */
export function isNo(text: string): boolean {
  const said = plain(text)
  return no.test(said) && !/\byes\b/.test(said)
}

/** Words apart by one blank. */
const plain = (text: string) =>
  text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/[^\p{L}\p{N}']+/gu, ' ')
    .trim()
