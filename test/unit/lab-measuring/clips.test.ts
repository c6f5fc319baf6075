import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { beforeEach, describe, expect, test } from 'vitest'
import { encodeWav } from '../../../server/audio/encodeWav.ts'
import { readClips } from '../../../server/lab/measuring/clips.ts'
import { createFakeStages } from '../../support/fakes/fakeStages.ts'

const { stages } = createFakeStages()
const { signal } = new AbortController()
const sound = await encodeWav(new Int16Array(8000).fill(500), 16_000)
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-clips-'))
  await writeFile(join(folder, 'a.wav'), sound)
})
const manifest = (text: string, name = 'manifest.json') => writeFile(join(folder, name), text)
const read = (audio: Parameters<typeof readClips>[0] = { directory: folder }) =>
  readClips(audio, { stages, dataDir: folder, audioDirs: [folder] }, signal)

describe('a directory', () => {
  test('with manifest.json; an empty text is a clip without speech', async () => {
    await writeFile(join(folder, 'b.wav'), sound)
    await manifest('[{"file": "a.wav", "text": "Hello."}, {"file": "b.wav", "text": ""}]')
    const { clips, language } = await read()
    expect(clips.map(({ id, kind, text, audioMs }) => [id, kind, text, audioMs])).toEqual([
      ['a.wav', 'speech', 'Hello.', 500],
      ['b.wav', 'nonspeech', '', 500],
    ])
    expect(language).toBeNull()
  })

  test('with manifest.tsv, lines ended either way', async () => {
    await manifest('a.wav\tHello, you.\r\n\n', 'manifest.tsv')
    expect((await read()).clips.map(({ text }) => text)).toEqual(['Hello, you.'])
  })

  test.each([
    ['no manifest', null, 'not_found', /manifest\.json/],
    ['no JSON', '[{', 'invalid_request', /no list of 1 to 500 entries/],
    ['another form', '[{"path": "a.wav"}]', 'invalid_request', /entries/],
    ['nothing in it', '[]', 'invalid_request', /entries/],
    ['a file that is not there', '[{"file": "c.wav", "text": "x"}]', 'not_found', /c\.wav is not there/],
    ['a file outside', '[{"file": "../a.wav", "text": "x"}]', 'invalid_request', /outside its folder/],
    ['no audio', '[{"file": "manifest.json", "text": "x"}]', 'audio_invalid', /not audio/],
  ])('%s is refused', async (_what, text, code, message) => {
    if (text !== null) await manifest(text)
    await expect(read()).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe('a directory is read only below those that the operator named', () => {
  const readIn = (directory: string, audioDirs: string[]) =>
    readClips({ directory }, { stages, dataDir: folder, audioDirs }, signal)
  const refused = {
    code: 'not_found',
    line: expect.stringMatching(/no folder .* AUDIO_DIRS .*set AUDIO_DIRS/),
  }
  let allowed: string
  let secret: string

  beforeEach(async () => {
    allowed = join(folder, 'allowed')
    secret = join(folder, 'secret')
    for (const one of [allowed, secret]) {
      await mkdir(one)
      await writeFile(join(one, 'a.wav'), sound)
      await writeFile(join(one, 'manifest.json'), '[{"file": "a.wav", "text": "x"}]')
    }
  })

  test('itself, one in it, and a link within', async () => {
    expect((await readIn(allowed, [secret, allowed])).clips).toHaveLength(1)
    expect((await readIn(join(folder, 'allowed/../allowed'), [allowed])).clips).toHaveLength(1)
    expect((await readIn(allowed, [folder])).clips).toHaveLength(1)
    await symlink(allowed, join(folder, 'link'))
    expect((await readIn(join(folder, 'link'), [folder])).clips).toHaveLength(1)
    expect((await readIn(allowed, [join(folder, 'link')])).clips).toHaveLength(1)
  })

  test('none by default, not what is beside, above or behind a link, and whether it is there is not told', async () => {
    await symlink(secret, join(allowed, 'way-out'))
    await mkdir(join(folder, 'allowed-too'))
    const outside = [
      '.',
      'secret',
      'allowed/../secret',
      'allowed/way-out',
      'allowed-too',
      'nothing',
      'allowed/a.wav',
    ]
    await expect(readIn(allowed, [])).rejects.toMatchObject(refused)
    for (const path of outside) {
      await expect(readIn(join(folder, path), [allowed]), path).rejects.toMatchObject(refused)
      await expect(readIn(`${folder}/${path}`, [allowed]), path).rejects.toMatchObject(refused)
    }
  })

  test('no manifest and no file that leads out, and no pipe', async () => {
    await rm(join(allowed, 'a.wav'))
    await symlink(join(secret, 'a.wav'), join(allowed, 'a.wav'))
    await expect(readIn(allowed, [allowed])).rejects.toMatchObject({
      message: expect.stringMatching(/a\.wav is not there/),
    })
    await rm(join(allowed, 'manifest.json'))
    await symlink(join(secret, 'manifest.json'), join(allowed, 'manifest.json'))
    await expect(readIn(allowed, [allowed])).rejects.toMatchObject({
      message: expect.stringMatching(/no manifest/),
    })
    await rm(join(allowed, 'manifest.json'))
    execFileSync('mkfifo', [join(allowed, 'manifest.json')])
    await expect(readIn(allowed, [allowed])).rejects.toMatchObject({
      message: expect.stringMatching(/no manifest/),
    })
  })
})

describe('saved turns', () => {
  test('are the questions, newest first, without a text that could be wrong', async () => {
    const ids = [1000, 2000, 3000].map(msecs => uuidv7({ msecs }))
    for (const id of ids) await mkdir(join(folder, 'audio', id), { recursive: true })
    for (const id of ids.slice(0, 2)) await writeFile(join(folder, 'audio', id, 'question.wav'), sound)
    await mkdir(join(folder, 'audio', 'not-a-turn'))
    const { clips } = await read('saved')
    expect(clips.map(({ id, text }) => [id, text])).toEqual([
      [ids[1], null],
      [ids[0], null],
    ])
  })

  test('none is an error that says how there would be some', async () => {
    await expect(read('saved')).rejects.toMatchObject({
      code: 'not_found',
      mend: expect.stringMatching(/SAVE_AUDIO/),
    })
  })
})

test("the project's own clips are whole, in an order that mixes them, the same every time", async () => {
  const { clips, language } = await read('builtin')
  expect(clips.filter(({ kind }) => kind === 'nonspeech')).toHaveLength(6)
  expect(clips.filter(({ kind }) => kind === 'speech')).toHaveLength(36)
  expect(clips.every(({ kind, text }) => (kind === 'speech') === (text !== ''))).toBe(true)
  expect(new Set(clips.map(({ id }) => id)).size).toBe(42)
  expect((await read('builtin')).clips.map(({ id }) => id)).toEqual(clips.map(({ id }) => id))
  const synthetic = await read('synthetic')
  expect(synthetic.clips.map(({ id }) => id).filter(id => id.endsWith('.wav'))).toEqual([])
  expect(language).toBe('en')
})
