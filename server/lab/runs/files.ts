import { mkdir, open, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lock } from 'proper-lockfile'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { validate } from 'uuid'
import { QuantvoxError } from '../../errors.ts'
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../../files/privateFiles.ts'
import { jsonIfThere, parsedJson, textIfThere } from '../../files/readJson.ts'
import { ComparisonResult } from '../../protocol/comparisonResult.ts'
import { ComparisonError, ComparisonRequest, ComparisonState } from '../../protocol/comparisons.ts'
import { nullable } from '../../protocol/nullable.ts'
import { isObservation, type Observation } from '../observations.ts'

/** `run.json`: what is known of a run beside its observations. */
const Header = Type.Object({
  id: Type.String(),
  state: ComparisonState,
  startedAt: Type.String(),
  finishedAt: nullable(Type.String()),
  request: ComparisonRequest,
  sentence: nullable(Type.String()),
  error: nullable(ComparisonError),
})
export type Header = Static<typeof Header>

/** `steps.ndjson`: a step that is done, and how long observations.ndjson was then. */
const Mark = Type.Object({
  step: Type.String(),
  phase: Type.String(),
  ms: Type.Number(),
  elapsedMs: Type.Number(),
  observationBytes: Type.Integer(),
})
export type Mark = Static<typeof Mark>

/** A lock that nobody has touched for so long belongs to a process that is gone; and how often one that waits looks. */
const STALE_MS = 10_000
const RETRY_MS = 500

const header = Compile(Header)
const mark = Compile(Mark)
const result = Compile(ComparisonResult)

/** Adds text to a file and waits until the disk has it. A test gives one that fails. */
export type Append = (path: string, text: string) => Promise<void>

export async function appendAndFlush(path: string, text: string): Promise<void> {
  const file = await open(path, 'a', PRIVATE_FILE)
  try {
    await file.appendFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** One run's folder, `DATA_DIR/comparisons/<id>`. */
export type RunFiles = ReturnType<typeof runFiles>

export function runFiles(folder: string, append: Append = appendAndFlush) {
  const path = (name: string) => join(folder, name)
  const observationsPath = path('observations.ndjson')
  const stepsPath = path('steps.ndjson')
  let observationBytes = 0

  async function replace(name: string, text: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
    await writeFile(path(`${name}.new`), text, { flush: true, mode: PRIVATE_FILE })
    await rename(path(`${name}.new`), path(name))
  }

  return {
    observationsPath,
    /**
     * Keeps other processes from working at this run; settles with what ends that. Waits for the lock of one that was killed to go stale.
     * @throws QuantvoxError `invalid_state` while another process works at it
     */
    async hold(patienceMs: number = STALE_MS + 2 * RETRY_MS): Promise<() => Promise<void>> {
      await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
      try {
        return await lock(folder, {
          lockfilePath: path('lock'),
          stale: STALE_MS,
          retries: {
            retries: Math.floor(patienceMs / RETRY_MS),
            factor: 1,
            minTimeout: RETRY_MS,
            maxTimeout: RETRY_MS,
          },
          // The next append of the other process says more than a lock could.
          onCompromised: () => {},
        })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw cannotWrite(folder, error)
        throw new QuantvoxError('invalid_state', 'Another process works at this comparison.', {
          mend: 'Let it end, or stop it first.',
          cause: error,
        })
      }
    },
    async readHeader(): Promise<Header | null> {
      const value = await jsonIfThere(path('run.json'))
      return header.Check(value) ? value : null
    },
    writeHeader: (value: Header): Promise<void> => replace('run.json', `${JSON.stringify(value, null, 2)}\n`),
    /** What was observed by steps that are done; what a broken-off one left is cut away. */
    async recover(): Promise<{ observations: Observation[]; marks: Mark[] }> {
      const marks = linesOf(await textIfThere(stepsPath)).filter(line => mark.Check(line))
      const whole = marks.at(-1)?.observationBytes ?? 0
      const bytes = Buffer.from((await textIfThere(observationsPath)) ?? '').subarray(0, whole)
      observationBytes = bytes.length
      if (marks.length > 0) await truncate(observationsPath, observationBytes)
      else await rm(observationsPath, { force: true })
      // A mark that was cut short would swallow the next one.
      await replace('steps.ndjson', marks.map(line => `${JSON.stringify(line)}\n`).join(''))
      return { observations: linesOf(bytes.toString()).filter(line => isObservation(line)), marks }
    },
    /** Writes observations, and then that their step is done. Throws `internal` for a full disk. */
    async add(observations: readonly Observation[], done?: Omit<Mark, 'observationBytes'>): Promise<void> {
      const text = observations.map(line => `${JSON.stringify(line)}\n`).join('')
      try {
        if (text !== '') await append(observationsPath, text)
        observationBytes += Buffer.byteLength(text)
        if (done !== undefined)
          await append(stepsPath, `${JSON.stringify({ ...done, observationBytes } satisfies Mark)}\n`)
      } catch (error) {
        throw cannotWrite(folder, error)
      }
    },
    async readResult(): Promise<ComparisonResult | null> {
      const value = await jsonIfThere(path('result.json'))
      return result.Check(value) ? (value as ComparisonResult) : null
    },
    writeResult: (value: ComparisonResult): Promise<void> =>
      replace('result.json', `${JSON.stringify(value, null, 2)}\n`),
    remove: (): Promise<void> => rm(folder, { recursive: true, force: true }),
  }
}

/** The ids of all runs that have a folder, oldest first: they are UUIDv7. */
export async function runIdsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter(name => validate(name)).toSorted()
}

function cannotWrite(folder: string, error: unknown): QuantvoxError {
  const { code, message } = error as NodeJS.ErrnoException
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  return new QuantvoxError(
    'internal',
    isFull
      ? `The disk is full: nothing more can be written to ${folder}.`
      : `${folder} cannot be written to (${message}).`,
    {
      meaning: 'The comparison ends here; what it had observed is kept.',
      mend: 'Free some space, then resume it with "npx quantvox compare --resume".',
      cause: error,
    },
  )
}

function linesOf(text: string | null): unknown[] {
  return (text ?? '').split('\n').flatMap(line => {
    const value = parsedJson(line)
    return value === null ? [] : [value]
  })
}
