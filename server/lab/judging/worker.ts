import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { QuantvoxError } from '../../errors.ts'
import type { WorkerAnswer } from './judge.ts'
import { judgeRun } from './judgeRun.ts'
import { readRun } from './run.ts'

/** The thread of `judge()`: reads the file that it is started for, answers once and ends. */

function answer(observationsFile: string): WorkerAnswer {
  try {
    return { result: judgeRun(readRun(linesOf(observationsFile))) }
  } catch (error) {
    if (!(error instanceof QuantvoxError)) throw error
    const { code, message, meaning, mend } = error
    return { error: { code, message, meaning, mend } }
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch (error) {
    throw new QuantvoxError('not_found', 'The observations of the comparison cannot be read.', {
      mend: 'Start the comparison again.',
      cause: error,
    })
  }
}

parentPort?.postMessage(answer(String(workerData)))
