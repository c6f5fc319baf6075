import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import Value from 'typebox/value'
import { TurnAnswer } from '../../server/protocol/turns.ts'

/** The product as a user runs it: through the launcher, in a process of its own, on a free port. */

const root = resolve(import.meta.dirname, '../..')
const launcherOfClone = join(root, 'scripts/quantvox.mjs')

export const clip = (name: string) => join(root, 'test/fixtures/speech', `${name}.wav`)

export type LiveServer = {
  url: string
  pid: number
  settings: Record<string, string>
  /** Ends it as a service manager would; resolves to the exit code. */
  stop(): Promise<number | null>
}

export async function startLiveServer(
  settings: Record<string, string> = {},
  launcher = launcherOfClone,
): Promise<LiveServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'quantvox-e2e-'))
  const all = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn', ...settings }
  const child = spawn(process.execPath, [launcher, 'serve'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...all },
    cwd: dataDir,
  })
  const exited = exitOf(child)
  const stop = async () => {
    child.kill('SIGTERM')
    const code = await exited
    await rm(dataDir, { recursive: true, force: true })
    return code
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /ready after .*: (http\S+)$/.exec(line)?.[1]
    if (url !== undefined) return { url, pid: child.pid ?? 0, settings: { ...all, PUBLIC_URL: url }, stop }
    if (/not ready/.test(line)) {
      await stop()
      throw new Error(line)
    }
  }
  throw new Error('the server ended before it was ready')
}

export type CommandResult = { code: number | null; out: string; err: string }

/** Runs `quantvox <args>` to its end. */
export async function quantvox(
  args: string[],
  settings: Record<string, string> = {},
  launcher = launcherOfClone,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [launcher, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...settings },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', data => (out += data))
  child.stderr.on('data', data => (err += data))
  return { code: await exitOf(child), out, err }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise(settle => child.once('close', code => settle(code)))
}

export async function askClip(
  url: string,
  path: string,
  choices: Record<string, string> = {},
  signal?: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  const form = new FormData()
  for (const [name, value] of Object.entries({ voice: 'none', ...choices })) form.append(name, value)
  form.append('audio', new File([await readFile(path)], basename(path)))
  return fetch(`${url}/v1/turns`, { method: 'POST', body: form, headers, ...(signal ? { signal } : {}) })
}

export function askText(
  url: string,
  text: string,
  choices: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${url}/v1/turns`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text, voice: 'none', ...choices }),
    ...(signal ? { signal } : {}),
  })
}

/** The answer of a turn that must have worked, checked against its schema. */
export async function answerOf(response: Promise<Response>): Promise<TurnAnswer> {
  const body: unknown = await (await response).json()
  Value.Assert(TurnAnswer, body)
  return body
}
