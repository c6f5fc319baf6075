import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Type from 'typebox'
import Value from 'typebox/value'
import { loadConfig } from '../server/config.ts'
import { toQuantvoxError } from '../server/errors.ts'
import { catalog } from '../server/setup/catalog.ts'
import { setupForTests } from './setupForTests.ts'

/**
 * `npm test`: type check, lint, unit and integration tests, the attack in its short form, then setup and the tests on real engines and over real
 * ports. `npm run check` stops before the engines. Further arguments go to vitest and run only those tests.
 * `npm run check:deep` runs 100,000 random sessions; SESSIONS=N runs so many.
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

let passed = 0
let failed = 0
let skipped = 0
/** What failed, told again at the end: of a long run, that is the part that is read. */
const failures: string[] = []

async function main(): Promise<void> {
  const [mode, ...rest] = process.argv.slice(2)
  const chosen = mode === undefined || mode === 'check' ? rest : [mode, ...rest]
  mkdirSync(output, { recursive: true })
  if (mode === 'check:deep') {
    process.env.SESSIONS ??= '100000'
    await vitest('deep', ['test/unit/session/sessions.test.ts'])
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

async function vitest(name: string, args: string[]): Promise<void> {
  say(`tests: ${name}`)
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
  passed += report.numPassedTests
  failed += report.numFailedTests
  // A file that does not load, or an error outside any test, fails no single test.
  if (code !== 0 && report.numFailedTests === 0) fail(`${name}: vitest ended with ${code}`)
  skipped += report.numPendingTests
  for (const { name, message, assertionResults } of report.testResults) {
    const path = name.slice(root.length + 1)
    if (message !== '') failures.push(`${path}: ${message}`)
    for (const { fullName, status, failureMessages } of assertionResults) {
      if (status === 'failed') failures.push(`${path}: ${fullName}\n${failureMessages?.join('\n') ?? ''}`)
      else if (status !== 'passed') process.stdout.write(`skipped: ${path}: ${fullName}\n`)
    }
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${toQuantvoxError(error).line}\n${error instanceof Error ? error.stack : ''}\n`)
  fail('the run itself ended early')
}
if (failures.length > 0) say(`what failed\n\n${failures.join('\n\n')}`)
if (skipped > 0 && process.env.CI === 'true') {
  process.stdout.write(`${skipped} skipped: with CI=true that is a failure\n`)
  failed += skipped
}
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
process.exit(failed === 0 ? 0 : 1)
