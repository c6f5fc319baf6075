import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerOf, askClip, askText, clip, quantvox, startLiveServer } from '../support/liveServer.ts'

/** The package as somebody gets it who has no clone: packed, installed into an empty folder, started from another one. */

const root = resolve(import.meta.dirname, '../..')
const npm = (args: string[], cwd: string) => promisify(execFile)('npm', args, { cwd })
/** Clips for comparisons take nearly all of it. */
const PACKED_BYTES = 4e6
let place: string
let installed: string
let launcher: string

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'quantvox-package-'))
  await npm(['pack', '--pack-destination', place], root)
  const [tarball = ''] = await readdir(place)
  const { size } = await stat(join(place, tarball))
  console.info(`${tarball} has ${(size / 1e6).toFixed(1)} MB`)
  expect(size).toBeLessThan(PACKED_BYTES)
  await npm(['install', '--global', '--prefer-offline', '--prefix', join(place, 'prefix'), tarball], place)
  installed = join(place, 'prefix/lib/node_modules/quantvox')
  launcher = join(place, 'prefix/bin/quantvox')
}, 600_000)

afterAll(() => rm(place, { recursive: true, force: true }))

test('holds the compiled program, the page, the clips and the licence, and neither sources nor tests', async () => {
  const files = await readdir(installed, { recursive: true })
  const own = files.filter(path => !path.startsWith('node_modules'))
  expect(own).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'dist/models/catalog.json',
      'dist/page/index.html',
      'dist/server/engines/flite/fliteChild.js',
      'dist/server/lab/clips/manifest.json',
      'dist/server/lab/judging/worker.js',
      'dist/server/setup/convert/child.js',
    ]),
  )
  expect(own.filter(path => /\.ts$|test|bench|\.bin$|\.gguf$/.test(path))).toEqual([])
  expect(files).not.toContain('node_modules/vite')
})

test('says its version and its settings', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  expect(await quantvox(['--version'], {}, launcher)).toEqual({ code: 0, out: `${version}\n`, err: '' })
  const config = await quantvox(['config'], { PORT: '4321' }, launcher)
  expect(config.code).toBe(0)
  expect(config.out).toMatch(/^PORT +4321 +environment$/m)
})

test('serves, shows the page, answers by voice, and stops with 0', async () => {
  const server = await startLiveServer({}, launcher)
  for (const path of ['/livez', '/readyz']) expect((await fetch(server.url + path)).status, path).toBe(200)
  expect(await (await fetch(server.url)).text()).toContain('<script')
  expect(await answerOf(askText(server.url, 'Say hello.', { voice: 'flite:slt' }))).toMatchObject({
    audio: { url: expect.any(String) },
    timings: { outcome: 'completed' },
  })
  expect(await answerOf(askClip(server.url, clip('azure-weather')))).toMatchObject({
    transcript: expect.stringMatching(/weather/i),
  })
  expect(await server.stop()).toBe(0)
})
