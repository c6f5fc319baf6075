import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { loadConfig } from '../server/config.ts'
import { toQuantvoxError } from '../server/errors.ts'
import { catalog } from '../server/setup/catalog.ts'
import { setupForTests } from './setupForTests.ts'

/**
 * `npm test`: type check, lint, unit and integration tests, the attack in its short form, then setup and the tests on real engines and over real
 * ports. `npm run check` stops before the engines. Further arguments go to vitest and run only those tests.
 * `npm run check:deep` runs 100,000 random sessions (SESSIONS=N: so many), and restarts and kills servers that share a record for longer.
 * Test files that fail beside all others run once more by themselves, at most four; what passes then is told and counts as passed.
 * With CI=true a skipped test is a failure. The last line is "N passed, N failed".
 */

const root = resolve(import.meta.dirname, '..')
const output = join(root, 'test-output')

const Report = Type.Object({
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  numPendingTests: Type.Integer(),
  numFailedTestSuites: Type.Integer(),
  testResults: Type.Array(
    Type.Object({
      name: Type.String(),
      message: Type.String(),
      assertionResults: Type.Array(
        Type.Object({
          fullName: Type.String(),
          status: Type.String(),
          failureMessages: Type.Union([Type.Array(Type.String()), Type.Null()]),
        }),
      ),
    }),
  ),
})
type Report = Static<typeof Report>

let passed = 0
let failed = 0
let skipped = 0
/** What failed, told again at the end: of a long run, that is the part that is read. */
const failures: string[] = []
/** What failed while others ran beside it, and passed by itself. */
const unsteady: string[] = []
/** More files than that did not fail by chance. */
const MOST_REPEATED = 4

async function main(): Promise<void> {
  const [mode, ...rest] = process.argv.slice(2)
  const chosen = mode === undefined || mode === 'check' ? rest : [mode, ...rest]
  mkdirSync(output, { recursive: true })
  if (mode === 'check:deep') {
    process.env.SESSIONS ??= '100000'
    process.env.SCALE ??= 'deep'
    await vitest('deep', ['test/unit/session/sessions.test.ts'])
    // One after the other: what they measure is the servers' own.
    for (const name of ['restarts', 'recordAway'])
      await vitest(`deep-${name}`, [`test/integration/scale/${name}.test.ts`])
    return
  }
  if (chosen.length > 0) {
    await vitest('chosen', chosen)
    return
  }
  await step('types', 'node_modules/typescript/bin/tsc', ['-p', '.'])
  await step('types of the page', 'node_modules/typescript/bin/tsc', ['-p', 'client'])
  await step('types of the tests of the page', 'node_modules/typescript/bin/tsc', [
    '-p',
    'test/tsconfig.page.json',
  ])
  await step('lint and format', 'node_modules/@biomejs/biome/bin/biome', ['ci', '--colors=off', '.'])
  await step('generated documentation', 'scripts/docs.ts', ['--check'])
  await vitest('fast', ['--project', 'unit', '--project', 'integration'])
  await step('attack, short form', 'scripts/attack/index.ts', [])
  if (mode === 'check') return
  say('setup: engines and models for the tests')
  await setupForTests(loadConfig().config, process.stderr)
  await vitest('real', ['--project', 'engines', '--project', 'e2e'])
  // Its figures are for people; that it runs is checked here, with the model of the tests (vitest.config.ts).
  process.env.LLM_MODEL ??= catalog.language.defaults.withoutRegistry
  await step('latency benchmark, short form', 'scripts/bench/latency.ts', ['--rounds', '1'])
}

function say(text: string): void {
  process.stdout.write(`\n— ${text}\n`)
}

function run(script: string, args: string[]): Promise<number> {
  return new Promise(settle => {
    const child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: root,
      stdio: 'inherit',
    })
    child.on('error', () => settle(1))
    child.on('close', code => settle(code ?? 1))
  })
}

async function step(name: string, script: string, args: string[]): Promise<void> {
  say(name)
  if ((await run(script, args)) === 0) passed++
  else fail(name)
}

function fail(text: string): void {
  failed++
  failures.push(text)
}

async function runTests(name: string, args: string[]): Promise<{ code: number; report: Report }> {
  const file = join(output, `${name}.json`)
  const code = await run('node_modules/vitest/vitest.mjs', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...args,
  ])
  const report: unknown = JSON.parse(readFileSync(file, 'utf8'))
  Value.Assert(Report, report)
  return { code, report }
}

async function vitest(name: string, args: string[]): Promise<void> {
  say(`tests: ${name}`)
  const first = await runTests(name, args)
  const broken = failuresIn(first.report)
  const files = [...new Set(broken.map(({ path }) => path))]
  let last = first
  if (files.length > 0 && files.length <= MOST_REPEATED) {
    say(`tests: ${name}, once more, what failed beside the others`)
    last = await runTests(`${name}-again`, [...args, ...files])
    const still = new Set(failuresIn(last.report).map(({ path, test }) => `${path} ${test}`))
    unsteady.push(...broken.filter(({ path, test }) => !still.has(`${path} ${test}`)).map(({ text }) => text))
  }
  failures.push(...failuresIn(last.report).map(({ text }) => text))
  passed += first.report.numPassedTests + first.report.numFailedTests - last.report.numFailedTests
  failed += last.report.numFailedTests
  // A file that does not load, or an error outside any test, fails no single test.
  if (last.code !== 0 && last.report.numFailedTests === 0) fail(`${name}: vitest ended with ${last.code}`)
  skipped += first.report.numPendingTests
  for (const { name: path, assertionResults } of first.report.testResults)
    for (const { fullName, status } of assertionResults)
      if (status !== 'passed' && status !== 'failed')
        process.stdout.write(`skipped: ${path.slice(root.length + 1)}: ${fullName}\n`)
}

type Failure = { path: string; test: string; text: string }

function failuresIn({ testResults }: Report): Failure[] {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const path = name.slice(root.length + 1)
    const ofFile = message === '' ? [] : [{ path, test: '', text: `${path}: ${message}` }]
    const ofTests = assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName: test, failureMessages }) => ({
        ...{ path, test },
        text: `${path}: ${test}\n${failureMessages?.join('\n') ?? ''}`,
      }))
    return [...ofFile, ...ofTests]
  })
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${toQuantvoxError(error).line}\n${error instanceof Error ? error.stack : ''}\n`)
  fail('the run itself ended early')
}
if (unsteady.length > 0) say(`what failed beside the others and passed by itself\n\n${unsteady.join('\n\n')}`)
if (failures.length > 0) say(`what failed\n\n${failures.join('\n\n')}`)
if (skipped > 0 && process.env.CI === 'true') {
  process.stdout.write(`${skipped} skipped: with CI=true that is a failure\n`)
  failed += skipped
}
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
process.exit(failed === 0 ? 0 : 1)
