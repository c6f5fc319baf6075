import { templateMarkers } from '../shared/replies/templateMarkers.ts'
import { isCall } from './toolCalls.ts'

/** What a reply is made of, for a person: text to read and hear, and thinking. */
export type CleanPiece =
  | { type: 'text'; text: string }
  | { type: 'thinking'; text: string }
  /** What was given as text so far was thinking: it ended with a closing tag that nothing had opened. */
  | { type: 'restart' }
  /** A call of a tool that was written as text, as it was written. */
  | { type: 'written-call'; text: string }

export type Cleaning = {
  push(delta: string): CleanPiece[]
  flush(): CleanPiece[]
  /** The model has ended its turn; what it writes after that is for nobody. */
  isOver(): boolean
  /** A thought that began with the reply has ended. */
  hasClosed(): boolean
}

type Mode = 'text' | 'thinking' | 'call' | 'header' | 'over'

/** A model that is not quite trained for its own template writes these into its reply. */
const markers = new RegExp(
  [
    ...Object.entries(templateMarkers).map(([name, source]) => `(?<${name}>${source})`),
    // The model goes on to what it would be asked next.
    '(?<asked>\\n[ \\t]{0,40}(?:#{1,3} ?)?(?:User|Human):)',
  ].join('|'),
  'gi',
)
/** The end of a text that may become one of them. */
const beginning =
  /(?:<[<|｜/]{0,2}[\w:▁]{0,30}[|｜]?|<function=[^>\n]{0,80}|\[\/?[A-Z_]{0,12}|◁\/?\w{0,6}|\n[ \t]{0,40}#{0,3} ?(?:U|Us|Use|User|H|Hu|Hum|Huma|Human)?)$/i
/** Behind it an opening tag begins a thought, and does not only talk about the tag. */
const sentenceEnd = /(?:^|[.!?:…。！？\n])\s*$/
/** What may be a call of a tool, as bare or fenced JSON, as far as it has come. */
const callLike =
  /^(?:`{1,3}$|```\w{0,9}\s*$|(?:```\w{0,9}\s*)?(?:\[\s*)?(?:\{\s*(?:"\w{0,9}"?$|"(?:name|function|tool|tool_name|type)"|$)|$))/
/** What is a call for sure, even where its JSON is broken or never ends. */
const surelyCall =
  /^(?:\[\s*)?\{\s*"(?:name|function|tool|tool_name)"\s*:\s*"[^"\n]*"\s*,\s*"(?:arguments|parameters|args|input)"\s*:/
/** What a small model leaves of a call that Ollama read, and between calls that it writes one after the other. */
const behindCall = /^[\s}\]]+/
const betweenCalls = /^[\s}\],;]+/
const MAX_CALL_LENGTH = 4_000
const MAX_HEADER_LENGTH = 200
/** Enough to see where a sentence ends. */
const GIVEN_LENGTH = 40

/**
 * Takes out of a reply what no person should read or hear, whatever the chunking: thinking in its forms, tokens of chat templates,
 * calls of tools that were written as text, and a conversation that goes on by itself. What could still become one of these is held
 * back.
 * @param beginsThinking this model closes a thought that it never opens
 * @param keepsJson bare JSON that looks like a call is an answer
 */
export function cleanReply(beginsThinking = false, keepsJson = false): Cleaning {
  let mode: Mode = beginsThinking ? 'thinking' : 'text'
  /** Of a reply that begins in a thought: all of it is text after all where that never ends. */
  let unopened: string | null = beginsThinking ? '' : null
  let isHarmony = false
  let hasThought = beginsThinking
  /** An opening tag that the text talks about, and its closing one with it. */
  let isMentioned = false
  /** Something was taken out just before, with the blanks around it. */
  let isBehindCut = false
  let header = ''
  let call = ''
  /** A call stood at the beginning, as JSON. */
  let hasCalled = false
  /** The end of the text that was given; empty before there was any. */
  let given = ''
  /** The last character before `held`. */
  let before = ''
  let held = ''

  function* drain(end: boolean): Generator<CleanPiece> {
    for (;;) {
      if (mode === 'over') {
        held = ''
        return
      }
      if (mode === 'header' && !header.includes('|channel|')) takeRole()
      if (mode === 'text' && given === '') {
        held = keepsJson ? held.trimStart() : held.replace(hasCalled ? betweenCalls : behindCall, '')
        const isCall = keepsJson ? 0 : callAtStart(held, end)
        if (isCall === null) return
        const written = held.slice(0, isCall).replace(/^```\w*|```$/g, '')
        held = held.slice(isCall)
        if (written !== '') yield { type: 'written-call', text: written.trim() }
        if (isCall > 0) {
          hasCalled = true
          continue
        }
      }
      markers.lastIndex = 0
      const match = markers.exec(held)
      if (match === null) {
        const kept = end ? held.length : held.length - (beginning.exec(held)?.[0].length ?? 0)
        yield* give(held.slice(0, kept))
        before = held[kept - 1] ?? before
        held = held.slice(kept)
        if (end && unopened !== null && unopened.trim() !== '') yield { type: 'text', text: unopened.trim() }
        if (end) yield* endCall()
        return
      }
      yield* give(held.slice(0, match.index))
      before = held[match.index - 1] ?? before
      const means = !/["'`“]/.test(before) && fits(match)
      held = held.slice(match.index + match[0].length)
      before = match[0].at(-1) ?? ''
      if (means) yield* obey(match)
      else yield* give(match[0])
    }
  }

  function* give(text: string): Generator<CleanPiece> {
    if (text === '') return
    if (mode === 'header') header = (header + text).slice(0, MAX_HEADER_LENGTH)
    if (mode === 'call') call = (call + text).slice(0, MAX_CALL_LENGTH)
    if (mode === 'thinking') {
      if (unopened !== null) unopened += text
      yield { type: 'thinking', text }
    }
    if (mode !== 'text') return
    const rest = isBehindCut ? text.trimStart() : text
    if (rest === '') return
    // Words on both sides of what was taken out stay apart.
    const apart = isBehindCut && given !== '' && !/\s$/.test(given) ? ` ${rest}` : rest
    isBehindCut = false
    given = (given + apart).slice(-GIVEN_LENGTH)
    yield { type: 'text', text: apart }
  }

  /** Whether a marker means what it says where it stands. */
  function fits({ groups = {} }: RegExpExecArray): boolean {
    if (mode === 'thinking') {
      return groups.close !== undefined || (isHarmony && (groups.end ?? groups.header) !== undefined)
    }
    if (mode === 'call') return true
    if (groups.open !== undefined) {
      isMentioned = given !== '' && !sentenceEnd.test(given)
      return !isMentioned
    }
    const isMention = isMentioned && groups.close !== undefined
    if (isMention) isMentioned = false
    return !isMention
  }

  function* obey({ 0: marker, groups = {} }: RegExpExecArray): Generator<CleanPiece> {
    if (mode === 'call') {
      const [isCalled, isOver] = [groups.called !== undefined, groups.end !== undefined]
      if (isCalled || isOver) yield* endCall()
      if (isCalled) mode = 'text'
      if (isOver) mode = 'over'
    } else if (groups.open !== undefined) {
      mode = 'thinking'
      hasThought = true
    } else if (groups.close !== undefined) {
      if (mode === 'text' && !hasThought && given !== '') {
        given = ''
        yield { type: 'restart' }
      }
      hasThought = true
      beText()
    } else if (groups.call !== undefined) {
      mode = 'call'
      call = /^<function=/i.test(marker) ? marker : ''
    } else if (groups.header !== undefined) {
      header = mode === 'header' ? header + marker : marker
      mode = 'header'
    } else if (groups.headed !== undefined && mode === 'header') {
      const channel = /channel\|>\s*(\w+)/.exec(header)?.[1]
      isHarmony = channel !== undefined
      if (channel !== undefined && channel !== 'final') {
        mode = 'thinking'
        hasThought = true
      } else if (/user|system/.test(header)) mode = 'over'
      else beText()
    } else if (groups.asked !== undefined) mode = given === '' ? mode : 'over'
    else if (groups.end !== undefined) {
      if (mode === 'text' && given !== '') mode = 'over'
      else beText()
    }
  }

  function* endCall(): Generator<CleanPiece> {
    if (call.trim() !== '') yield { type: 'written-call', text: call.trim() }
    call = ''
  }

  /** `<|im_start|>assistant` and `<start_of_turn>model` end with their line. */
  function takeRole(): void {
    const line = /^\s*(?:(\w+)[ \t]*)?\n/.exec(held)
    if (line === null) return
    held = held.slice(held.indexOf('\n') + 1)
    if (/^(?:user|system)$/.test(line[1] ?? '')) mode = 'over'
    else beText()
  }

  function beText(): void {
    mode = 'text'
    unopened = null
    isBehindCut = true
  }

  return {
    push(delta) {
      held += delta
      return [...drain(false)]
    },
    flush: () => [...drain(true)],
    isOver: () => mode === 'over',
    hasClosed: () => unopened === null,
  }
}

/**
 * How many characters of a reply's beginning are a call of a tool; 0 where it is none, null where more must come to know.
 */
function callAtStart(text: string, end: boolean): number | null {
  if (text === '') return 0
  if (text.length > MAX_CALL_LENGTH || !callLike.test(text)) return 0
  const from = text.search(/[[{]/)
  const until = from < 0 ? -1 : endOfJson(text, from)
  const isSure = from >= 0 && surelyCall.test(text.slice(from))
  if (until < 0) return end ? (isSure ? text.length : 0) : null
  if (!isSure && !isCall(text.slice(from, until))) return 0
  if (!text.startsWith('```')) return until
  const rest = text.slice(until)
  if (!end && /^\s*`{0,2}$/.test(rest)) return null
  return until + (/^\s*```/.exec(rest)?.[0].length ?? 0)
}

/** Where the JSON value that begins at `from` ends; -1 where it does not. */
function endOfJson(text: string, from: number): number {
  let depth = 0
  for (const match of text.slice(from).matchAll(/"(?:[^"\\]|\\(?:[\s\S]|$))*(?:"|$)|[[\]{}]/g)) {
    if (/^[[{]/.test(match[0])) depth++
    else if (/^[\]}]/.test(match[0]) && --depth === 0) return from + match.index + 1
  }
  return -1
}
