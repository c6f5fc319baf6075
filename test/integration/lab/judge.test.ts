import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { judge } from '../../../server/lab/judging/judge.ts'
import { judgeRun } from '../../../server/lab/judging/judgeRun.ts'
import { readRun } from '../../../server/lab/judging/run.ts'
import { failureOf } from '../../support/failureOf.ts'
import { asLines, labRun } from '../../support/lab/labRun.ts'

let directory: string
let file: string
const lines = asLines(labRun())

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quantvox-judge-'))
  file = join(directory, 'observations.jsonl')
  await writeFile(file, `${lines.join('\n')}\n`)
})
afterAll(() => rm(directory, { recursive: true }))

test('judges a file on a thread, to the same result as here', async () => {
  expect(await judge(file)).toEqual(judgeRun(readRun(lines)))
})

test('the event loop goes on meanwhile', async () => {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  let turns = 0
  const timer = setInterval(() => turns++, 5)
  delay.enable()
  await judge(file)
  delay.disable()
  clearInterval(timer)
  expect(turns).toBeGreaterThan(10)
})

test('can be given up', async () => {
  const abort = new AbortController()
  const judging = judge(file, abort.signal)
  const reason = new Error('enough')
  abort.abort(reason)
  await expect(judging).rejects.toBe(reason)
  await expect(judge(file, abort.signal)).rejects.toBe(reason)
})

test('a file that is not there, or holds no plan, is told apart from a failure of ours', async () => {
  expect(await failureOf(judge(join(directory, 'absent.jsonl')))).toMatchObject({ code: 'not_found' })
  const empty = join(directory, 'empty.jsonl')
  await writeFile(empty, '\n')
  expect(await failureOf(judge(empty))).toMatchObject({
    code: 'not_found',
    message: 'The file of the comparison holds no plan.',
    mend: 'Start the comparison again.',
  })
})
