import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'

/**
 * Becomes the program in `$@`, and leaves a watcher behind that waits for the end of descriptor 3, which is the end of
 * our process however it came about (SIGKILL too), and then ends the process group, politely and after 3 s for good.
 * The watcher is there before the program is, so there is no moment in which we could die without it; and it is in the
 * group itself, so the group's id cannot become another's. POSIX sh only.
 */
const script = `
leader=$$
alive() {
  if [ -r "/proc/$leader/stat" ]; then read -r stat <"/proc/$leader/stat"; state=\${stat##*) }
  else state=$(ps -o stat= -p "$leader"); fi
  case "$state" in ''|Z*) return 1 ;; esac
}
{
  trap '' TERM INT HUP
  read -r _ <&3
  kill -s TERM -- "-$leader"
  n=0
  while alive && [ $n -lt 30 ]; do sleep 0.1; n=$((n + 1)); done
  kill -s KILL -- "-$leader"
} </dev/null >/dev/null 2>&1 &
exec 3<&-
exec "$@"
`

/**
 * Starts a program as the leader of a process group of its own that ends with us, and with it what it started: Node
 * offers no parent-death signal, so a shell (under 2 MB) in the group holds a pipe to us. When the program ends, so does
 * the rest of its group. Standard output and error are pipes. A program that cannot be run gives the child an `error`
 * event, as `spawn` does.
 *
 * @param path of the program; a bare name is not looked for on PATH
 */
export function spawnGuarded(
  path: string,
  args: string[],
  { takesInput = false, ...options }: { env: NodeJS.ProcessEnv; cwd?: string; takesInput?: boolean },
): ChildProcess {
  const guarded = process.platform !== 'win32' && isRunnable(path)
  const [program, programArgs] = guarded ? ['/bin/sh', ['-c', script, 'sh', path, ...args]] : [path, args]
  const child = spawn(program, programArgs, {
    ...options,
    stdio: [takesInput ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const line = child.stdio[3]
  line?.on('error', () => undefined)
  if (line !== null && line !== undefined && 'unref' in line && typeof line.unref === 'function') line.unref()
  child.once('exit', () => {
    // At this moment the group's id cannot yet belong to anything else.
    signalGroup(child.pid, 'SIGKILL')
    // `close` waits for it, and where nothing else keeps the event loop the process would end before.
    line?.destroy()
  })
  return child
}

/** Signals the group that a process leads; one that is gone already is no error. */
export function signalGroup(leaderPid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (leaderPid === undefined) return
  try {
    process.kill(-leaderPid, signal)
  } catch {
    // Gone already.
  }
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
