import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import Value from 'typebox/value'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { progressLine } from '../../../scripts/commands/compare/compareProgress.ts'
import { openComparisons } from '../../../server/lab/runs/comparisons.ts'
import { unshared } from '../../../server/lab/runs/sharedRuns.ts'
import { ComparisonResult } from '../../../server/protocol/comparisonResult.ts'
import { createFakeLab, type FakeLab } from '../../support/lab/fakeLab.ts'
import { createTestApp } from '../../support/testApp.ts'

/** `quantvox compare` as a process of its own, against a server with a scripted lab. */

const program = resolve(import.meta.dirname, '../../../scripts/commands/index.ts')
let fake: FakeLab
let app: FastifyInstance
let url: string
let folder: string

beforeEach(async () => {
  fake = await createFakeLab()
  const comparisons = await openComparisons(fake.lab)
  const made = await createTestApp({ dependencies: { comparisons: unshared(comparisons) } })
  app = made.app
  app.addHook('onClose', () => comparisons.stop())
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  folder = await mkdtemp(join(tmpdir(), 'quantvox-compare-'))
})
afterEach(async () => {
  await app.close()
  await fake.dispose()
})

function begin(...args: string[]) {
  const child = spawn(process.execPath, [program, 'compare', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PUBLIC_URL: url },
    cwd: folder,
  })
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, err]) => ({ code, out, err }),
  )
  return { child, ended }
}
const compare = (...args: string[]) => begin(...args).ended

test('prints the report, writes files, and holds a run against an earlier one', async () => {
  const json = join(folder, 'first.json')
  const html = join(folder, 'first.html')
  const first = await compare('--llm', 'fake:1b', '--rounds', '1', '--json', json, '--html', html)
  expect(first).toMatchObject({ code: 0 })
  expect(first.out).toMatch(/^# Which quantization .*\n\n.*\n\n\*\*.*fake:1b/)
  // On a slow machine a phase is told again every ten seconds.
  expect(first.err).toMatch(
    /^comparison [0-9a-f-]+\npreparing\n(?:.*\n)*?language models\n(?:.*\n)*?judging\n/,
  )
  const { sentence } = JSON.parse(await readFile(json, 'utf8')).recommendation
  expect(first.err).toMatch(/^answers {2}fake:1b-q8_0 +\d+ ms +800 MB/m)
  expect(first.err.trimEnd().endsWith(sentence)).toBe(true)
  expect(await readFile(html, 'utf8')).toMatch(/^<!doctype html>/)
  const result: unknown = JSON.parse(await readFile(json, 'utf8'))
  Value.Assert(ComparisonResult, result)

  const printed = await compare('--llm', 'fake:1b-q8_0', '--rounds', '1', '--json')
  expect(Value.Check(ComparisonResult, JSON.parse(printed.out))).toBe(true)

  // By the id of the run on the server, the same again: no regression.
  const same = await compare('--llm', 'fake:1b', '--rounds', '1', '--against', result.id)
  expect(same).toMatchObject({ code: 0 })
  const tag = fake.ollama.tags.get('fake:1b-q8_0')
  if (tag === undefined) throw new Error('no tag')
  fake.ollama.tags.set('fake:1b-q8_0', { ...tag, sizeBytes: 2 * tag.sizeBytes })
  const worse = await compare('--llm', 'fake:1b', '--rounds', '1', '--against', json)
  expect(worse.code).toBe(1)
  expect(worse.err).toMatch(/fake:1b-q8_0.*file/i)
}, 60_000)

test('Ctrl-C cancels: what was observed is reported, and the run can go on', async () => {
  let answers = 0
  const told = Promise.withResolvers<void>()
  const { child, ended } = begin('--llm', 'fake:1b', '--rounds', '3')
  fake.ollama.hooks.beforeChat = async () => {
    if (++answers === 9) {
      child.kill('SIGINT')
      await told.promise
    }
    return true
  }
  await expect
    .poll(() => app.inject('/v1/comparisons').then(a => a.body), { timeout: 20_000 })
    .toMatch(/"running"/)
  await expect.poll(() => answers, { timeout: 20_000 }).toBe(9)
  setTimeout(told.resolve, 300)
  const { code, out, err } = await ended
  expect(code).toBe(1)
  expect(out).toMatch(/^# Which quantization /)
  const id = /the comparison was cancelled; "quantvox compare --resume (\S+)" goes on/.exec(err)?.[1] ?? ''
  fake.ollama.hooks.beforeChat = () => true
  expect(await compare('--resume', id)).toMatchObject({ code: 0 })
}, 60_000)

describe('wrong usage', () => {
  test.each([
    [['--budget', '5'], /time such as 300ms, 90s or 5m/],
    [['--max-memory', 'much'], /size such as 512MB or 1GiB/],
    [['--rounds', '0'], /whole number above 0/],
    [['--speech', ' , '], /one or more names/],
    [['--max-wer-increase', '-1'], /number, 0 or more/],
    [['--nonsense'], /unknown option/],
  ])('%j', async (args, message) => {
    const { code, err } = await compare(...args)
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })

  test('what the server refuses is said in a line, with the mend', async () => {
    const unknown = await compare('--llm', 'fake:2b')
    expect(unknown.code).toBe(1)
    expect(unknown.err).toMatch(/^quantvox: .*"fake:2b" is not installed.*models pull fake:2b.*\n$/)
    await writeFile(join(folder, 'other.json'), '{}')
    const against = await compare('--llm', 'fake:1b', '--against', 'other.json')
    expect(against.err).toMatch(/other\.json is no result of a comparison/)
    expect((await app.inject('/v1/comparisons')).json().items).toEqual([])
  })

  test('--help says the form of the manifest and the exit codes', async () => {
    const { code, out } = await compare('--help')
    expect(code).toBe(0)
    expect(out).toMatch(/manifest\.tsv/)
    expect(out).toMatch(/Exit codes: 0 done, 1 .*, 2 wrong usage/)
  })
})

test('progress is a bar with the time left', () => {
  const line = progressLine({
    phase: 'speech',
    what: 'decoding a.wav',
    doneSteps: 1,
    totalSteps: 4,
    elapsedMs: 33_300,
    remainingMs: 99_500,
  })
  expect(line).toBe('speech models  ██████░░░░░░░░░░░░░░░░░░  25 %  1:40 left  decoding a.wav')
})
