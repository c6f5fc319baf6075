import { untilAborted } from '../../abort.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { createModelThread } from '../modelThread.ts'
import type { WakeFiles } from './phraseScores.ts'

/** What the thread is asked: without a step only to load models, without files to forget the stream. */
export type WakeQuestion = { stream: number; files: WakeFiles | null; step: Int16Array | null }
export type WakeAnswer = number | { failed: string }

/** Hears one phrase in one microphone's sound. */
export type PhraseStream = {
  /**
   * How likely the phrase ends about here, 0 to 1.
   * @param step 1280 samples (80 ms), mono, 16 kHz; given away
   * @throws `engine_unavailable` while the thread starts again, or has failed; `engine_timeout`; as `load`
   */
  push(step: Int16Array): Promise<number>
  /** What was heard is forgotten: it scores no second time. */
  startOver(): void
  close(): void
}

/** Hears wake words. */
export type WakeWords = {
  /** Loads what hears the phrase of that name. Throws `model_not_found`, `engine_unavailable` and the signal's reason. */
  load(phrase: string, signal: AbortSignal): Promise<void>
  /** Costs nothing before something is pushed. */
  open(phrase: string): PhraseStream
  stop(): Promise<void>
}

/** A step takes 2 ms, loading the models some 100, where nothing else runs. */
const ANSWER_WITHIN_MS = 10_000
/** A wake word that is heard so late seems not to have been heard. */
const SLOW_MS = 1000

const lack = {
  meaning: 'Nothing hears the wake word: this session stays asleep.',
  mend: 'See the log for the cause, or use another mode.',
}

/**
 * openWakeWord's models in a thread for all sessions, one step at a time.
 * @param files of the phrase of that name, got if they must be. Throws `model_not_found`
 */
export function createWakeWords(files: (phrase: string) => Promise<WakeFiles>, log: Log): WakeWords {
  const thread = createModelThread<WakeQuestion, WakeAnswer>({
    program: new URL('./wakeThread.ts', import.meta.url),
    data: async () => '',
    answersWithinMs: ANSWER_WITHIN_MS,
    slowMs: SLOW_MS,
    told: {
      failed: 'nothing hears wake words',
      works: 'wake words are heard again',
      slow: 'wake words are heard late',
    },
    name: 'The wake word detector',
    lack,
    log,
  })
  const never = new AbortController().signal
  const found = new Map<string, Promise<WakeFiles>>()
  let streams = 0

  function filesOf(phrase: string): Promise<WakeFiles> {
    const known = found.get(phrase) ?? files(phrase)
    found.set(phrase, known)
    known.catch(() => found.delete(phrase))
    return known
  }

  async function ask(question: WakeQuestion, signal: AbortSignal): Promise<number> {
    const own = question.step === null ? [] : [question.step.buffer as ArrayBuffer]
    const { answer } = await thread.ask(question, own, signal)
    if (typeof answer === 'number') return answer
    throw new QuantvoxError('engine_unavailable', `The wake word cannot be heard: ${answer.failed}`, {
      meaning: lack.meaning,
      mend: 'See that its file is an ONNX model of openWakeWord.',
    })
  }

  return {
    async load(phrase, signal) {
      // One that was put there since counts.
      found.delete(phrase)
      const known = await untilAborted(filesOf(phrase), signal)
      await thread.start()
      await ask({ stream: 0, files: known, step: null }, signal)
    },
    open(phrase) {
      let stream = ++streams
      // Of a thread that has failed there is nothing left to forget.
      const forget = () => void ask({ stream, files: null, step: null }, never).catch(() => {})
      return {
        push: async step => ask({ stream, files: await filesOf(phrase), step }, never),
        startOver() {
          forget()
          stream = ++streams
        },
        close: forget,
      }
    },
    stop: thread.stop,
  }
}
