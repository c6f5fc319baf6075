#!/usr/bin/env node
// Plain JavaScript for any Node >= 18: makes sure of Node 24 and, in a clone, of node_modules, then hands over.
//   quantvox.mjs <command> [...]           the command line, scripts/commands/index.ts
//   quantvox.mjs --script FILE.ts [...]    a script of this project under the same Node
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR = 24
const NODE_VERSION = '24.21.0'
const LOCK_STALE_MS = 60_000

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const sources = join(root, 'scripts', 'commands', 'index.ts')
// The package that scripts/package/build.ts makes has no sources, and npm installed what it depends on.
const isClone = existsSync(sources)
// An empty variable counts as unset, as in server/config.ts.
const cacheDir =
  process.env.QUANTVOX_CACHE_DIR ||
  process.env.CACHE_DIR ||
  fromDotEnv() ||
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'quantvox')
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** The one setting that is needed before anything is installed. */
function fromDotEnv() {
  if (!existsSync('.env')) return undefined
  const line = /^\s*(?:QUANTVOX_)?CACHE_DIR\s*=\s*(["']?)(.*?)\1\s*$/m.exec(readFileSync('.env', 'utf8'))
  return line?.[2] || undefined
}

function say(text) {
  process.stderr.write(`quantvox: ${text}\n`)
}

function fail(text) {
  say(text)
  process.exit(1)
}

/** Runs `work` while nobody else does: a directory is made atomically; one left by a dead process goes stale. */
async function withLock(path, done, work) {
  mkdirSync(dirname(path), { recursive: true })
  let told = false
  for (;;) {
    if (done()) return
    try {
      mkdirSync(path)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
      if (age > LOCK_STALE_MS) {
        rmSync(path, { recursive: true, force: true })
        continue
      }
      if (!told) say('another quantvox is installing here; waiting for it')
      told = true
      await new Promise(wake => setTimeout(wake, 500))
    }
  }
  const touch = setInterval(() => utimesSync(path, new Date(), new Date()), LOCK_STALE_MS / 4)
  try {
    await work()
  } finally {
    clearInterval(touch)
    rmSync(path, { recursive: true, force: true })
  }
}

function runNpm(args, what) {
  return new Promise((settle, refuse) => {
    const child = spawn(npm, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data))
    child.on('error', () =>
      refuse(new Error(`${what} needs npm, and npm is not on the PATH. Install Node.js with npm.`)),
    )
    child.on('close', code =>
      code === 0 ? settle() : refuse(new Error(`${what} failed (npm exited with ${code}):\n${said(output)}`)),
    )
  })
}

/** What npm complains of: its own error lines from the first on, without the ones that only frame them. */
function said(output) {
  const lines = output.trim().split('\n')
  const errors = lines.filter(line => /^npm (error|ERR!) \S/.test(line))
  return (errors.length > 0 ? errors : lines).slice(0, 8).join('\n')
}

/** A Node that runs TypeScript as it is and has node:sqlite: this one, or the one that npm carries, in the cache. */
async function ensureNode() {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const home = join(cacheDir, 'node', NODE_VERSION)
  const program = join(home, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  await withLock(
    join(cacheDir, 'node', 'installing'),
    () => existsSync(program),
    async () => {
      say(`Node ${process.versions.node} is too old here; fetching Node ${NODE_VERSION} into the cache`)
      const partial = `${home}.partial`
      rmSync(partial, { recursive: true, force: true })
      rmSync(home, { recursive: true, force: true })
      mkdirSync(partial, { recursive: true })
      writeFileSync(join(partial, 'package.json'), '{"private":true}')
      const args = [
        'install',
        '--prefix',
        partial,
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        `${name}@${NODE_VERSION}`,
      ]
      await runNpm(args, `Fetching Node ${NODE_VERSION}`)
      renameSync(partial, home)
    },
  )
  const check = spawnSync(program, ['--version'], { encoding: 'utf8' })
  if (check.status !== 0)
    fail(
      `${program} does not run (${check.error?.message ?? check.stderr}). Delete ${home}, or install Node ${NODE_MAJOR}.`,
    )
  return program
}

/** node_modules exactly as package-lock.json says; the stamp inside it is the lock file's hash. True if it was made now. */
async function ensureDependencies() {
  let made = false
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.quantvox-lock')
  const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  await withLock(join(root, '.installing'), installed, async () => {
    say('installing dependencies by package-lock.json')
    await runNpm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], 'Installing dependencies')
    writeFileSync(stamp, wanted)
    made = true
  })
  return made
}

async function main() {
  let program
  let isNew = false
  try {
    const installing = isClone && ensureDependencies()
    program = await ensureNode()
    isNew = await installing
  } catch (error) {
    fail(error.message)
  }
  const [first, second, ...rest] = process.argv.slice(2)
  const commands = isClone ? sources : join(root, 'dist', 'scripts', 'commands', 'index.js')
  const script = first === '--script' ? resolve(root, second ?? '') : commands
  const args = first === '--script' ? rest : process.argv.slice(2)
  const env = {
    ...process.env,
    // Stripped and compiled sources are kept: starts are faster, and the stripper's 25 MB are never loaded.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(cacheDir, 'compile-cache'),
    // glibc would keep freed memory in an arena for each thread.
    MALLOC_ARENA_MAX: '2',
  }
  // Fills the cache of compiled sources in a process that ends, so that the first server is as small as later ones.
  if (isNew) spawnSync(program, [commands, '--version'], { env })
  // A voice server lives long and allocates little: a small young generation keeps it 30 MB smaller.
  const child = spawn(program, ['--max-semi-space-size=2', script, ...args], {
    // The channel closes when this process dies, however it dies; a server that sees that stops itself.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env,
  })
  // The child takes one repetition for the terminal's echo; the end of the channel it understands.
  let told = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      child.kill(signal)
      if (told && child.connected) child.disconnect()
      told = true
    })
  child.on('error', error => fail(`cannot run ${program}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

await main()
