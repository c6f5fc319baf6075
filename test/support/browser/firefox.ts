import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Type from 'typebox'
import Value from 'typebox/value'
import { within } from '../../../server/abort.ts'
import { findOnPath } from '../../../server/setup/index.ts'

/**
 * A real Firefox as a system has it (`firefox-esr` of Debian), by WebDriver BiDi (https://w3c.github.io/webdriver-bidi): the Firefox that
 * playwright-core drives is one of its own, and of those of others it wants commands that an ESR has not got yet.
 */
export type FirefoxPage = {
  /** Runs in the page; what it gives goes through JSON. */
  evaluate<T, A>(work: (argument: A) => T | Promise<T>, argument?: A): Promise<T>
  /** As a person clicks: with a pointer, in the middle of the first element that is so. */
  click(selector: string): Promise<void>
  type(text: string): Promise<void>
  /** Errors of the page's scripts. */
  errors: string[]
  close(): Promise<void>
}

const programs = ['firefox-esr', 'firefox'] as const
const STARTS_WITHIN_MS = 60_000
const ANSWERS_WITHIN_MS = 60_000
const ENTER = '\uE007'

/** Where it is; null where there is none, or no PulseAudio for its sound. */
export async function findFirefox(): Promise<string | null> {
  if ((await findOnPath('pulseaudio')) === null) return null
  for (const name of programs) {
    const path = await findOnPath(name)
    if (path !== null) return path
  }
  return null
}

/** Its own fake microphone is a tone; nobody is asked whether it may be heard. All else is as it comes. */
const preferences = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.disabledForTesting': true,
}

const Answer = Type.Object({
  id: Type.Integer(),
  type: Type.Enum(['success', 'error']),
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
})
const LogEntry = Type.Object({
  method: Type.Literal('log.entryAdded'),
  params: Type.Object({ type: Type.String(), level: Type.String(), text: Type.String() }),
})
const Contexts = Type.Object({ contexts: Type.Array(Type.Object({ context: Type.String() })) })
const Evaluated = Type.Union([
  Type.Object({
    type: Type.Literal('success'),
    result: Type.Object({ value: Type.Optional(Type.String()) }),
  }),
  Type.Object({ type: Type.Literal('exception'), exceptionDetails: Type.Object({ text: Type.String() }) }),
])

/** Starts it without a window and opens that page. */
export async function openFirefox(program: string, url: string): Promise<FirefoxPage> {
  const profile = await mkdtemp(join(tmpdir(), 'quantvox-firefox-'))
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${value});`)
  await writeFile(join(profile, 'user.js'), lines.join('\n'))
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0']
  const sound = startSound(profile)
  const env = { ...process.env, PULSE_SERVER: sound.server }
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env })
  const exited = once(child, 'close')
  const end = async () => {
    child.kill('SIGKILL')
    await exited
    await sound.stop()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const address = await within(addressIn(child.stderr), STARTS_WITHIN_MS, () => {
      throw new Error('Firefox did not start in time.')
    })
    const errors: string[] = []
    const socket = new WebSocket(`${address}/session`)
    await within(once(socket, 'open'), ANSWERS_WITHIN_MS, () => {
      throw new Error('Firefox cannot be driven.')
    })
    const ask = asking(socket, errors)
    await ask('session.new', { capabilities: {} })
    await ask('session.subscribe', { events: ['log.entryAdded'] })
    const tree = await ask('browsingContext.getTree', {})
    Value.Assert(Contexts, tree)
    const context = tree.contexts[0]?.context ?? ''
    await ask('browsingContext.setViewport', { context, viewport: { width: 1280, height: 860 } })
    await ask('browsingContext.navigate', { context, url, wait: 'complete' })
    return pageOf(ask, context, errors, async () => {
      socket.close()
      await end()
    })
  } catch (error) {
    await end()
    throw error
  }
}

/** A sound card that nobody hears: where there is none, Firefox starts no `AudioContext`. */
function startSound(folder: string): { server: string; stop(): Promise<void> } {
  const socket = join(folder, 'pulse')
  const modules = ['module-null-sink', `module-native-protocol-unix auth-anonymous=1 socket=${socket}`]
  const args = ['-n', '--daemonize=no', '--exit-idle-time=-1', ...modules.flatMap(one => ['--load', one])]
  const child = spawn('pulseaudio', args, {
    stdio: 'ignore',
    env: { ...process.env, PULSE_RUNTIME_PATH: folder, PULSE_STATE_PATH: folder },
  })
  const exited = once(child, 'close')
  return {
    server: `unix:${socket}`,
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function addressIn(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1]
    if (address === undefined) continue
    // What it says from here on is read by nobody, and must not fill the pipe.
    output.resume()
    return address
  }
  throw new Error('Firefox ended before it could be driven.')
}

type Ask = (method: string, params: object) => Promise<unknown>

function asking(socket: WebSocket, errors: string[]): Ask {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let asked = 0
  socket.addEventListener('message', ({ data }: { data: unknown }) => {
    const message: unknown = JSON.parse(String(data))
    if (Value.Check(LogEntry, message)) {
      const { type, level, text } = message.params
      if (type === 'javascript' && level === 'error') errors.push(text)
    }
    if (!Value.Check(Answer, message)) return
    const answered = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.type === 'success') answered?.resolve(message.result)
    else answered?.reject(new Error(`${message.error}: ${message.message}`))
  })
  return (method, params) => {
    const id = ++asked
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    socket.send(JSON.stringify({ id, method, params }))
    return within(answer.promise, ANSWERS_WITHIN_MS, () => {
      throw new Error(`Firefox did not answer ${method} in time.`)
    })
  }
}

function pageOf(ask: Ask, context: string, errors: string[], close: () => Promise<void>): FirefoxPage {
  async function evaluate<T, A>(work: (argument: A) => T | Promise<T>, argument?: A): Promise<T> {
    const call = `(${work})(${JSON.stringify(argument) ?? ''})`
    const answer = await ask('script.evaluate', {
      expression: `(async () => JSON.stringify(await ${call}))()`,
      target: { context },
      awaitPromise: true,
    })
    Value.Assert(Evaluated, answer)
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text)
    const { value } = answer.result
    return value === undefined ? (undefined as T) : JSON.parse(value)
  }

  const act = (source: object) => ask('input.performActions', { context, actions: [source] })

  return {
    evaluate,
    errors,
    close,
    async click(selector) {
      const [x, y] = await evaluate((sought: string) => {
        const box = document.querySelector(sought)?.getBoundingClientRect()
        if (box === undefined) throw new Error(`there is no ${sought}`)
        return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]
      }, selector)
      const actions = [
        { type: 'pointerMove', x, y },
        { type: 'pointerDown', button: 0 },
        { type: 'pointerUp', button: 0 },
      ]
      await act({ type: 'pointer', id: 'mouse', actions })
    },
    async type(text) {
      const keys = [...text.replaceAll('\n', ENTER)]
      const actions = keys.flatMap(value => [
        { type: 'keyDown', value },
        { type: 'keyUp', value },
      ])
      await act({ type: 'key', id: 'keyboard', actions })
    },
  }
}
