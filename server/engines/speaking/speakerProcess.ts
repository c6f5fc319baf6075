import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import Type from 'typebox'
import { Compile } from 'typebox/schema'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Ending, endingOf } from '../../processEnding.ts'
import { childEnvironment } from '../environment.ts'
import type { SpeakRequest } from './messages.ts'

/** 16-bit mono; `inferenceMs` is the engine's own time, without waiting and transport. */
export type Spoken = { samples: Int16Array; sampleRate: number; inferenceMs: number }

/** A program of ours that speaks: what it is called, and how it is started. */
export type SpeakerProgram = {
  name: string
  childPath: string
  args(): string[]
  execArgv: string[]
}

export type SpeakerProcess = ReturnType<typeof startSpeakerProcess>

const Ready = Compile(Type.Object({ id: Type.Literal(0), ready: Type.Literal(true) }))
const Failed = Compile(Type.Object({ id: Type.Integer(), error: Type.String() }))
const Figures = Compile(
  Type.Object({
    id: Type.Integer(),
    sampleRate: Type.Integer({ minimum: 8000, maximum: 48_000 }),
    inferenceMs: Type.Number({ minimum: 0 }),
    residentBytes: Type.Integer({ minimum: 0 }),
    isLast: Type.Boolean(),
  }),
)

function engineFailed(message: string, { meaning, mend }: Omit<Ending, 'how'> = {}): QuantvoxError {
  return new QuantvoxError('engine_failed', message, {
    meaning: `This sentence is not spoken; the next one will be. ${meaning ?? ''}`.trim(),
    mend: mend ?? 'Try again; another voice may do better with this text.',
  })
}

/** Starts one process that speaks. It ends with ours: it holds the channel to us, and leaves when that closes. */
export function startSpeakerProcess({ name, childPath, args, execArgv }: SpeakerProgram, log: Log) {
  const child = fork(childPath, args(), {
    execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc', ...execArgv],
    serialization: 'advanced',
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own, so that a Ctrl-C in the terminal reaches only us.
    detached: true,
  })
  let pending: { id: number; stretches: ReadableStreamDefaultController<Spoken>; done(): void } | null = null
  let idle = Promise.resolve()
  let running = true
  let sentences = 0
  let residentBytes = 0
  let ending: Ending = { how: 'It ended.' }

  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', line => {
      if (line.trim() !== '') log.debug({ engine: name, enginePid: child.pid, line }, 'engine output')
    })
  }

  const readiness = Promise.withResolvers<void>()
  // A worker that nobody waits for yet may fail too; speak() and ready's users see it.
  readiness.promise.catch(() => undefined)
  const end = Promise.withResolvers<Ending>()

  const died = () => engineFailed(`${name} died. ${ending.how}`, ending)

  /** The sentence is over, one way or the other. */
  function finish(error?: unknown): void {
    if (error === undefined) pending?.stretches.close()
    else pending?.stretches.error(error)
    pending?.done()
    pending = null
  }

  function ended(as: Ending): void {
    if (!running) return
    running = false
    ending = as
    readiness.reject(
      new QuantvoxError('engine_unavailable', `${name} could not be started. ${ending.how}`, {
        meaning: `Replies cannot be spoken by the ${name} voices. ${ending.meaning ?? ''}`.trim(),
        mend: ending.mend ?? 'Look at the server log at LOG_LEVEL=debug, or choose VOICE=browser.',
      }),
    )
    finish(died())
    end.resolve(ending)
  }
  child.once('error', error => ended({ how: `It could not be used (${error.message}).` }))
  child.once('exit', (code, signal) => ended(endingOf(code, signal)))

  child.on('message', (message: unknown) => {
    if (Ready.Check(message)) return readiness.resolve()
    const asked = pending
    if (asked === null) return
    if (Failed.Check(message) && message.id === asked.id)
      return finish(engineFailed(`${name} could not speak this. ${message.error}`))
    const samples =
      message !== null && typeof message === 'object' && 'samples' in message ? message.samples : null
    if (!Figures.Check(message) || message.id !== asked.id || !(samples instanceof Int16Array)) return
    const { sampleRate, inferenceMs } = message
    residentBytes = message.residentBytes
    if (samples.length > 0) asked.stretches.enqueue({ samples, sampleRate, inferenceMs })
    if (message.isLast) finish()
  })

  function send(request: SpeakRequest): void {
    child.send(request, error => {
      if (error !== null) ended({ how: `It cannot be reached (${error.message}).` })
    })
  }

  return {
    pid: child.pid ?? null,
    /** Rejects with `engine_unavailable` when it ended before it was ready. */
    ready: readiness.promise,
    /** One at a time. Fails with `engine_failed` when the engine does or the process ends meanwhile. */
    speak(text: string, voice: string): ReadableStream<Spoken> {
      if (!running) throw died()
      if (pending !== null) throw new Error('This process speaks already.')
      sentences += 1
      const id = sentences
      const over = Promise.withResolvers<void>()
      idle = over.promise
      return new ReadableStream<Spoken>({
        start(stretches) {
          pending = { id, stretches, done: over.resolve }
          send({ id, text, voice })
        },
      })
    },
    /** Has it leave off where it can; settles when it speaks no more. */
    cancel(): Promise<void> {
      if (running && pending !== null) send({ cancel: pending.id })
      return idle
    },
    running: (): boolean => running,
    sentences: (): number => sentences,
    residentBytes: (): number => residentBytes,
    kill: (): void => {
      child.kill('SIGKILL')
    },
    /** Settles with how it ended when the process is gone; never rejects. */
    exited: end.promise,
  }
}
