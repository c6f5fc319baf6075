import { parentPort } from 'node:worker_threads'
import { createWakeModels, type PhraseScores } from './phraseScores.ts'
import type { WakeAnswer, WakeQuestion } from './wakeWords.ts'

/** The thread of `createWakeWords()`: a state for each stream that it is asked of, until it is told that the stream is over. */
const open = createWakeModels()
const streams = new Map<number, PhraseScores>()

async function answer({ stream, files, step }: WakeQuestion): Promise<WakeAnswer> {
  if (files === null) {
    streams.delete(stream)
    return 0
  }
  const scores = streams.get(stream) ?? (await open(files))
  if (step === null) return 0
  streams.set(stream, scores)
  return await scores.push(step)
}

const say = (said: 'ready' | WakeAnswer) => parentPort?.postMessage(said)
parentPort?.on('message', (question: WakeQuestion) => {
  // A phrase of the operator's that is no such model is that session's trouble, and nobody else's.
  answer(question).then(say, (error: unknown) => say({ failed: String(error) }))
})
say('ready')
