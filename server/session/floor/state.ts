import type { QuantvoxError } from '../../errors.ts'
import type { HearingOrder, UtteranceEnd } from '../../hearing/hearing.ts'
import type { Outcome } from '../../protocol/record.ts'
import type { Mode } from '../../protocol/socketClient.ts'
import type { Words } from '../interruption/judgeWords.ts'

/**
 * Where a turn is, from its first sound or letter to its row:
 * - `capturing`: the user speaks
 * - `closing`: the user is done, and audio that came before is still on its way through the ear
 * - `transcribing`: what was said becomes text; a typed question passes through while its model is looked up
 * - `heard`: the question is known, and nobody has asked for its answer yet
 * - `waiting`: the question is known, and what was heard of earlier replies is not in the history yet
 * - `thinking`: the language model is asked
 * - `speaking`: something of the reply is on its way to the listener
 * - `playing`: all of it is
 * - `stopping`: nothing more comes of it; it waits to be told where the listener stopped, or for earlier turns
 * - `writing`: it is in the history, and its row is being written
 */
export type Phase =
  | 'capturing'
  | 'closing'
  | 'transcribing'
  | 'heard'
  | 'waiting'
  | 'thinking'
  | 'speaking'
  | 'playing'
  | 'stopping'
  | 'writing'

/** Why a turn ends before its end. */
export type Stop = 'barge-in' | 'client' | 'discarded' | 'left' | 'failed' | 'no-speech'

/** What a turn is waited for with a time-out; one at a time. */
export type Wait = 'closing' | 'transcribing' | 'asked' | 'answer' | 'playback' | 'report' | 'hold'

/** Whether what is said is answered at once, where somebody asks for it, or never. */
export type Answering = 'at-once' | 'when-asked' | 'never'

export type TurnState = {
  readonly id: string
  phase: Phase
  /** The stretch of the microphone that it is said in; null for a question that came whole. */
  readonly stretch: number | null
  stop: Stop | null
  error: QuantvoxError | null
  /** Its question is known, so it has a place in the history. */
  asked: boolean
  /** It is to be answered. */
  answer: boolean
  /** Where its speech ended on the session's timeline; null while it is said, and of a question that came whole. */
  endedMs: number | null
  /** When something of its reply first went out, milliseconds; null before. */
  audibleAtMs: number | null
  /** A reply that somebody speaks over: it plays on quieter, or stands still. */
  held: 'ducked' | 'paused' | null
  /** Begun over a reply that plays, and not judged yet: `meant` where what is known of its words ends that reply. */
  over: 'open' | 'meant' | null
  wait: Wait | null
}

/** A part of the microphone's audio. Only what comes from one of these counts; all else is late. */
export type Stretch = { readonly id: number; committed: boolean }

/**
 * In wake-word mode:
 * - `asleep`: only the wake word is heard
 * - `awake`: it was said; so is everything, for a while
 * - `sleepy`: the while is over, and so is being awake as soon as no turn lives
 */
export type Wakefulness = 'asleep' | 'awake' | 'sleepy'

export type FloorState = {
  mode: Mode
  /** Null in other modes. */
  wake: Wakefulness | null
  /** Voiced milliseconds from which on words other than "stop" interrupt a reply; 0: nothing said does. */
  bargeInMs: number
  /** Whether somebody plays the replies in their own time, and may tell how far. */
  readonly plays: boolean
  /**
   * Whether speech that does not interrupt a reply leaves it alone and is a turn of its own, and one that begins anew is never more of
   * the one before.
   */
  readonly leavesReplies: boolean
  answering: Answering
  /** The listener has reported playback in this session. */
  reports: boolean
  stretches: Stretch[]
  /** Living turns, oldest first. */
  turns: TurnState[]
  /** There is something to announce, once nobody has the floor. */
  announces: boolean
  closing: 'finishing' | 'left' | null
}

/** What is known of an utterance over a reply: how much of it is voiced, and its words so far; null: none are known. */
export type Heard = { voicedMs: number; words: Words | null }

/** `next`: the id that a new stretch of the microphone gets; `atMs` and others: `performance.now()` milliseconds. */
export type FloorEvent =
  | { type: 'begin'; turnId: string; next: number; positionMs: number; atMs: number }
  | { type: 'commit'; next: number; atMs: number }
  | { type: 'cancel'; next: number }
  /** A question that came whole, typed or as a clip. */
  | { type: 'question'; turnId: string; next: number; atMs: number }
  /** An answer is wanted: to what was said last and not answered, else to a question that comes whole. */
  | { type: 'respond'; turnId: string }
  /** The session has something to say that nobody asked for. */
  | { type: 'announce'; turnId: string }
  | { type: 'answering'; answering: Answering }
  | { type: 'interrupt'; turnId: string | null; next: number; atMs: number }
  | { type: 'configured'; mode: Mode; bargeInMs: number; next: number }
  /** The wake word was said, and ends there. */
  | { type: 'woken'; next: number; positionMs: number; atMs: number }
  /** Nobody has said anything for a while since. */
  | { type: 'drowsy' }
  /** So much is voiced of what is not known to be speech yet. */
  | { type: 'sound'; stretch: number; voicedMs: number }
  /** So much is voiced of an utterance that nobody has taken yet. */
  | {
      type: 'voiced'
      stretch: number
      turnId: string
      positionMs: number
      voicedMs: number
      hearsItself: boolean
      atMs: number
    }
  /** No frames come any more, or the utterance is as long as one may be. */
  | { type: 'cut-off'; stretch: number; next: number }
  | { type: 'ended'; stretch: number; last: boolean; end: UtteranceEnd }
  /** What is known of an utterance over a reply after each frame; `hearsItself`: the listener's microphone hears the replies. */
  | ({ type: 'words'; turnId: string; isVoiced: boolean; hearsItself: boolean; atMs: number } & Heard)
  /** `over`: what was said, of a turn that was begun over a reply. */
  | { type: 'understood'; turnId: string; said: boolean; over: Heard | null; atMs: number }
  | { type: 'audible'; turnId: string; atMs: number }
  /** All of the reply is on its way; null where nothing is to be waited for. */
  | { type: 'answered'; turnId: string; playbackWithinMs: number | null }
  /** `over`: it is known where the playback ended; `gaveUp`: the listener stopped before the end. */
  | { type: 'playback'; turnId: string; over: boolean; gaveUp: boolean; playbackWithinMs: number | null }
  /** The same of a reply that goes on after it stood still. */
  | { type: 'resumed'; turnId: string; playbackWithinMs: number | null }
  | { type: 'failed'; turnId: string; error: QuantvoxError }
  | { type: 'timeout'; turnId: string; wait: Wait }
  | { type: 'written'; turnId: string }
  /** Something failed that no turn has, and the session cannot go on. */
  | { type: 'broken'; error: QuantvoxError }
  | { type: 'finish' }
  | { type: 'leave' }

export type FloorEffect =
  | { type: 'hear'; order: HearingOrder }
  /** A turn begins. `positionMs` is null for a question that came whole, `over` the reply that it is said over. */
  | { type: 'open'; turnId: string; positionMs: number | null; over: string | null }
  /** It goes on: what of it is under way is of no use any more, what was said stays. `instead`: the id of the turn that is not opened. */
  | { type: 'reopen'; turnId: string; instead: string; positionMs: number }
  | { type: 'understand'; turnId: string; end: UtteranceEnd | null }
  /** The answer that was wanted is this turn's. `instead`: the id of the turn that would have been opened for it. */
  | { type: 'want'; turnId: string; instead: string }
  | { type: 'ask'; turnId: string }
  /** What the user says in this turn is of no use any more. */
  | { type: 'stop-hearing'; turnId: string }
  /** Nothing of this reply may be heard from here on. */
  | { type: 'stop-reply'; turnId: string }
  /** A reply plays on quieter, stands still, and goes on as it was. */
  | { type: 'duck'; turnId: string }
  | { type: 'pause'; turnId: string }
  | { type: 'resume'; turnId: string }
  | { type: 'interrupted'; turnId: string; reason: 'barge-in' | 'client' }
  /** Comes back as `timeout`, unless another wait of that turn, or `clear`, comes first. */
  | { type: 'timer'; turnId: string; wait: Wait; ms: number }
  | { type: 'clear'; turnId: string }
  /** Comes back as `drowsy`, unless another of it comes first; null: none comes. */
  | { type: 'stay-awake'; ms: number | null }
  | { type: 'fall-asleep' }
  /** What was heard goes into the history. */
  | { type: 'settle'; turnId: string; outcome: Outcome }
  | { type: 'write'; turnId: string; outcome: Outcome; error: QuantvoxError | null }
  | { type: 'done'; turnId: string }
  /** Nobody has the floor any more that something is to be announced on: it comes again as `announce`. */
  | { type: 'free' }
  | { type: 'refuse'; error: QuantvoxError }
  /** The session ends, for this reason. */
  | { type: 'end'; error: QuantvoxError }

/** With what a floor begins. */
export type FloorSettings = Pick<FloorState, 'mode' | 'bargeInMs' | 'plays' | 'leavesReplies' | 'answering'>

export function openFloor(settings: FloorSettings): FloorState {
  return {
    ...settings,
    wake: null,
    reports: false,
    stretches: [],
    turns: [],
    announces: false,
    closing: null,
  }
}
