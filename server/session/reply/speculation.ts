import type { SpokenAudio } from '../../audio/pcm.ts'
import type { Ending } from '../../hearing/endpointing.ts'
import type { AttemptOutcome } from '../../protocol/record.ts'
import type { AttemptDraft } from '../../record/speculation.ts'
import type { Question, QuestionContext, Supposing } from '../questions/question.ts'
import type { AskedReply } from './asking.ts'
import { type Put, type Trial, tryQuestion } from './trial.ts'

/**
 * Asks at a pause what the turn would be asked if it ended there, where the language model has nothing else to do. Nothing of it
 * goes anywhere before the turn takes it.
 */
export type Speculation = Supposing & {
  /** The reply to the turn's question, if it is under way. */
  take(question: Question, put: Put, signal: AbortSignal): AskedReply | null
  /** The turn asks this now. */
  asked(reply: AskedReply): void
  /** So the question was taken for whole. */
  decided(ending: Ending): void
  /** The question goes on although it was taken for whole: what it was answered was for nothing. */
  reopen(): void
  /** Of the reply that was taken: a clause that is spoken already; null for any other. */
  audioOf(text: string): AsyncIterable<SpokenAudio> | null
  /** Nobody wants to know any more. */
  end(): void
}

const undecided = { decidedBy: null, textState: null, endsHere: null }

/** @param isOn whether anything is asked at all; pauses are counted anyway */
export function createSpeculation(
  { stages, turn }: Pick<QuestionContext, 'stages' | 'turn'>,
  isOn: boolean,
): Speculation {
  let trial: Trial | null = null
  /** What the turn asked for. */
  let current: AttemptDraft | null = null
  const figures = () => {
    turn.draft.speculation ??= {
      ...{ pauses: 0, revisions: 0, reopened: 0, detector: [], ...undecided },
      ...{ endChecks: 0, endCheckMs: 0, attempts: [], takenAtMs: null },
    }
    return turn.draft.speculation
  }

  function end(outcome: AttemptOutcome): void {
    trial?.end(outcome)
    trial = null
  }

  return {
    paused(detector) {
      figures().pauses++
      if (detector !== null) figures().detector.push(detector)
    },
    suppose(question, isOpen) {
      // Nobody may be left to hear it fail.
      question.catch(() => {})
      end('resumed')
      if (isOn) trial = tryQuestion(question, stages, isOpen, figures())
    },
    endsHere: () => trial?.endsHere() ?? null,
    resumed() {
      const { pauses, revisions } = figures()
      // The turn may have begun in the middle of a pause.
      if (revisions < pauses) figures().revisions++
      end('resumed')
    },
    take(question, put, signal) {
      const reply = trial?.take(question, put, signal) ?? null
      if (reply !== null) figures().takenAtMs = performance.now()
      return reply
    },
    asked({ attempt }) {
      current = attempt
    },
    decided: ({ decidedBy, textState, endsHere }) =>
      void Object.assign(figures(), { decidedBy, textState, endsHere }),
    reopen() {
      end('resumed')
      const { attempts } = figures()
      if (current !== null) {
        if (!attempts.includes(current)) attempts.push(current)
        current.outcome = 'resumed'
        current.endedAtMs ??= performance.now()
      }
      current = null
      Object.assign(figures(), { ...undecided, takenAtMs: null, reopened: figures().reopened + 1 })
    },
    audioOf: text => trial?.audioOf(text) ?? null,
    end: () => end('dropped'),
  }
}
