import { constants } from 'node:os'
import { QuantvoxError } from './errors.ts'

/** How a process ended, one sentence, with what that means and what mends it where its end says so. */
export type Ending = { how: string; meaning?: string; mend?: string }

const wrongProcessor = {
  meaning: 'The program uses instructions that this processor does not have.',
  mend: 'Delete the folder "engines" in CACHE_DIR and start again, so that it is built for this processor; one that is found on PATH has to be installed anew.',
}
const killed = {
  meaning: 'Nothing here ended it: most often it is the system, for want of memory.',
  mend: 'Choose a smaller model or quantization, or give it more memory; `npx quantvox doctor` says what is needed and what there is.',
}
const broken = {
  meaning: 'The program broke by itself; a damaged model file is one cause.',
  mend: 'Run `npx quantvox doctor`, which checks the files of the models.',
}

const causes: Partial<Record<string, Pick<Ending, 'meaning' | 'mend'>>> = {
  ...{ SIGILL: wrongProcessor, SIGKILL: killed },
  ...{ SIGSEGV: broken, SIGBUS: broken, SIGFPE: broken, SIGABRT: broken },
}

/** A shell or container in between tells a signal as 128 and its number. */
const SIGNAL_EXIT_BASE = 128

export function endingOf(code: number | null, signal: string | null): Ending {
  const behind = Object.entries(constants.signals).find(([, number]) => code === SIGNAL_EXIT_BASE + number)
  const name = signal ?? behind?.[0] ?? null
  if (name === null) return { how: `It ended by itself with exit code ${code}.` }
  return { how: `It was ended by signal ${name}.`, ...causes[name] }
}

/** One that does not answer any more, and was ended here for it. */
export function stalled(ms: number): Ending {
  return {
    how: `It did not answer for ${Math.round(ms / 1000)} s, so it was ended.`,
    meaning: 'It hung, or this machine had no time or memory left for it; it is started again.',
    mend: 'Try again; if it happens again, choose a smaller model, or stop what else keeps this machine busy.',
  }
}

/** As Go says it, by whose words Ollama tells of its runners. Group: the words. */
const SIGNAL_OF_GO = /\bsignal: ([a-z][a-z ]*[a-z])/
const namesOfGo: Partial<Record<string, string>> = {
  ...{ killed: 'SIGKILL', 'illegal instruction': 'SIGILL', 'segmentation fault': 'SIGSEGV' },
  ...{ 'bus error': 'SIGBUS', 'floating point exception': 'SIGFPE', aborted: 'SIGABRT' },
}

/** What a signal that is named in a text means, as Go names it there (`signal: killed`) or by its own name. */
export function causeNamedIn(text: string): Pick<Ending, 'meaning' | 'mend'> | null {
  const words = SIGNAL_OF_GO.exec(text)?.[1]
  const name =
    words === undefined ? /\bSIG(?:ILL|KILL|SEGV|BUS|FPE|ABRT)\b/.exec(text)?.[0] : namesOfGo[words]
  return (name === undefined ? undefined : causes[name]) ?? null
}

/** `engine_failed` for work that was under way in it. */
export function diedAtWork(who: string, { how, meaning, mend }: Ending): QuantvoxError {
  return new QuantvoxError('engine_failed', `${who} died. ${how}`, { meaning, mend })
}
