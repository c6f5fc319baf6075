import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isPortableFaster, measureFastest, readMeasured } from '../../../server/setup/whisper/buildChoice.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fastest-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** A whisper-server that takes so long for a decoding, and notes each by `letter`. */
async function server(letter: string, ms: number): Promise<string> {
  const script = `
    import { appendFileSync } from 'node:fs'
    import { createServer } from 'node:http'
    const { argv } = process
    createServer((request, response) => {
      request.resume().on('end', () => {
        if (request.url.endsWith('/health')) return response.end('{}')
        appendFileSync('${join(directory, 'asked')}', '${letter}')
        setTimeout(() => response.end('{"text":"","segments":[]}'), ${ms})
      })
    }).listen(Number(argv[argv.indexOf('--port') + 1]), '127.0.0.1')`
  const path = join(directory, letter)
  await writeFile(`${path}.mjs`, script)
  await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${path}.mjs' "$@"\n`)
  await chmod(path, 0o755)
  return path
}

async function measure(nativeMs: number, portableMs: number, budgetMs?: number): Promise<void> {
  const programs = { native: await server('n', nativeMs), portable: await server('p', portableMs) }
  const model = { name: 'whisper-tiny.en-q8_0', path: '/nowhere' }
  const options = { signal: AbortSignal.timeout(20_000), ...(budgetMs && { budgetMs }) }
  await measureFastest(directory, programs, model, options)
}

it('keeps what both take, by turns in which neither always goes first', async () => {
  await measure(120, 10)
  const measured = await readMeasured(directory)
  expect(measured?.nativeMs).toBeGreaterThan(measured?.portableMs ?? Number.NaN)
  // Each is warmed by a request of its own before its first.
  expect((await readFile(join(directory, 'asked'), 'utf8')).slice(0, 8)).toBe('nnpppnnp')
})

it('keeps nothing where the time was not enough', async () => {
  await measure(700, 10, 2_000)
  expect(await readMeasured(directory)).toBeNull()
})

it('takes the native one unless the other is faster by more than two processes of one build differ', () => {
  expect(isPortableFaster({ nativeMs: 387, portableMs: 356 })).toBe(true)
  expect(isPortableFaster({ nativeMs: 300, portableMs: 295 })).toBe(false)
  expect(isPortableFaster({ nativeMs: 300, portableMs: 320 })).toBe(false)
})
