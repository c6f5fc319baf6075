import { spawn } from 'node:child_process'

/**
 * Waits for the end of its standard input, which is the end of our process however it came about (SIGKILL too), and
 * then ends the process group of `$1`, politely and after 3 s for good. It first makes sure by the start time that
 * the group's leader is still the process that it was told to watch. POSIX sh only.
 */
const script = `
started() {
  if [ -r "/proc/$1/stat" ]; then sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20
  else ps -o lstart= -p "$1"; fi
}
was=$(started "$1")
read -r _
[ -n "$was" ] && [ "$(started "$1")" = "$was" ] || exit 0
kill -s TERM -- "-$1"
n=0
while [ $n -lt 30 ]; do kill -s 0 -- "-$1" || exit 0; sleep 0.1; n=$((n + 1)); done
kill -s KILL -- "-$1"
`

/**
 * Makes a process group die with us. Node offers no parent-death signal, so a shell (under 2 MB) holds a pipe to us.
 * Without a `sh` there is no guard, and the next start's `cleanOrphans` does the work.
 * @returns what ends the guard; call it when the engine has ended.
 */
export function guardGroup(leaderPid: number): () => void {
  const guard = spawn('sh', ['-c', script, 'sh', String(leaderPid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return () => guard.kill('SIGKILL')
}
