import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SourceFailure } from '../../../server/setup/failures.ts'
import { runProgram } from '../../../server/setup/programs.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'programs-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const signal = () => AbortSignal.timeout(10_000)

it('gives what a program said on both streams, line by line and at the end', async () => {
  const lines: string[] = []
  const output = await runProgram('sh', ['-c', 'echo one; echo two >&2; printf three'], {
    signal: signal(),
    onLine: line => lines.push(line),
  })
  expect(lines.sort()).toEqual(['one', 'three', 'two'])
  expect(output.split('\n').sort()).toEqual(['one', 'three', 'two'])
})

it('names the line that tells why a program failed, not the last one', async () => {
  const failing =
    'echo "a.cpp:3: fatal error: stb_image.h: No such file"; echo "compilation terminated."; exit 1'
  await expect(runProgram('sh', ['-c', failing], { signal: signal() })).rejects.toThrow(/stb_image.h/)
  const linking =
    'echo "a.o: undefined reference to amx()"; echo "collect2: error: ld returned 1 exit status"; echo "gmake: *** [Makefile:9: all] Error 2"; exit 1'
  await expect(runProgram('sh', ['-c', linking], { signal: signal() })).rejects.toThrow(/reference to amx/)
  await expect(runProgram('sh', ['-c', 'exit 3'], { signal: signal() })).rejects.toThrow(/exit code 3/)
})

it('is waited for to its end where nothing else keeps the process', async () => {
  const waiting = `
    const { runProgram } = await import('./server/setup/programs.ts')
    console.log(await runProgram('sh', ['-c', 'echo done'], { signal: new AbortController().signal }))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', waiting], {
    cwd: join(import.meta.dirname, '../../..'),
  })
  expect(stdout).toBe('done\n')
})

it('a program that is missing or may not be run is a reason to try another source', async () => {
  await expect(runProgram('no-such-program', [], { signal: signal() })).rejects.toThrow(
    new SourceFailure('`no-such-program` is not installed'),
  )
  const path = join(directory, 'not-executable')
  await writeFile(path, '#!/bin/sh\n')
  await chmod(path, 0o644)
  await expect(runProgram(path, [], { signal: signal() })).rejects.toThrow(/may not be run/)
})

it.skipIf(process.platform === 'win32')('when aborted, ends what the program started too', async () => {
  const abort = new AbortController()
  let grandchild = 0
  const running = runProgram('sh', ['-c', 'sleep 60 & echo $!; wait'], {
    signal: abort.signal,
    onLine: line => {
      grandchild = Number(line)
      abort.abort(new Error('the user left'))
    },
  })
  await expect(running).rejects.toThrow('the user left')
  const isAlive = () => {
    try {
      process.kill(grandchild, 0)
      return true
    } catch {
      return false
    }
  }
  expect(grandchild).toBeGreaterThan(0)
  await expect.poll(isAlive, { timeout: 5_000 }).toBe(false)
})
