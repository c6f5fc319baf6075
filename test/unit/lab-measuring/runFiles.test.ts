import { appendFile, mkdir, mkdtemp, readdir, readFile, stat, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { Observation } from '../../../server/lab/observations.ts'
import { type RunFiles, runFiles } from '../../../server/lab/runs/files.ts'

let folder: string
let files: RunFiles

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-run-'))
  files = runFiles(folder)
})

const cut = (what: string): Observation => ({ kind: 'cut', what })
const mark = (step: string) => ({ step, phase: 'speech', ms: 1, elapsedMs: 10 })

test('what a killed process left after the last step that was done is cut away, and nothing before it', async () => {
  await files.add([cut('one, with ü')], mark('a'))
  await files.add([cut('two')], mark('b'))
  // Killed after an observation and before its mark, in the middle of a line and of a mark.
  await files.add([cut('three')])
  await appendFile(files.observationsPath, '{"kind":"cut","wh')
  await appendFile(join(folder, 'steps.ndjson'), '{"step":"c","pha')

  const again = runFiles(folder)
  const { observations, marks } = await again.recover()
  expect(observations).toEqual([cut('one, with ü'), cut('two')])
  expect(marks.map(({ step }) => step)).toEqual(['a', 'b'])
  await again.add([cut('three')], mark('c'))
  expect(await readFile(files.observationsPath, 'utf8')).toBe(
    ['one, with ü', 'two', 'three'].map(what => `${JSON.stringify(cut(what))}\n`).join(''),
  )
  expect((await runFiles(folder).recover()).marks.map(({ step }) => step)).toEqual(['a', 'b', 'c'])
})

test('a run of which nothing was done begins anew', async () => {
  await files.add([cut('lost')])
  expect(await files.recover()).toEqual({ observations: [], marks: [] })
  expect(await runFiles(folder).readResult()).toBeNull()
  expect(await runFiles(folder).readHeader()).toBeNull()
})

test('a full disk is said as such, with what mends it', async () => {
  const full = runFiles(folder, () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })))
  await expect(full.add([cut('x')], mark('a'))).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringMatching(/The disk is full/),
    mend: expect.stringMatching(/--resume/),
  })
})

test('a run is worked at by one process only; the lock of a killed one goes stale', async () => {
  const release = await files.hold()
  const lock = join(folder, 'lock')
  await expect(runFiles(folder).hold(0)).rejects.toMatchObject({ code: 'invalid_state' })
  await release()
  // As a process leaves it that was killed a minute ago.
  await mkdir(lock)
  const then = new Date(Date.now() - 60_000)
  await utimes(lock, then, then)
  await (await runFiles(folder).hold())()
})

test('everything of a run is for its owner', async () => {
  const run = join(folder, 'run')
  const mine = runFiles(run)
  const release = await mine.hold()
  await mine.recover()
  await mine.add([cut('one')], mark('a'))
  const names = await readdir(run)
  await release()
  expect(names).toEqual(expect.arrayContaining(['lock', 'observations.ndjson', 'steps.ndjson']))
  const files = ['', 'observations.ndjson', 'steps.ndjson'].map(name => stat(join(run, name)))
  expect((await Promise.all(files)).map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600, 0o600])
})
