import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Container } from '../../../server/audio/containers.ts'
import { decodeAudio } from '../../../server/audio/decodeAudio.ts'
import { decodeWithFfmpeg } from '../../../server/audio/ffmpeg.ts'
import { findOnPath } from '../../../server/setup/index.ts'
import { failureOf } from '../../support/failureOf.ts'

/** Stands in for ffmpeg: a program that gets the input as a file on stdin and gives s16le on stdout. */
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quantvox-ffmpeg-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function program(name: string, body: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!${process.execPath}\n${body}\n`)
  await chmod(path, 0o755)
  return path
}

const { signal } = new AbortController()
const input = Buffer.from('what is in the file')
const decode = (path: string, container: Container, within = signal) =>
  decodeWithFfmpeg(path, input, { container, name: container }, 2, within)

test('what it writes comes out as samples, odd chunks included', async () => {
  const path = await program(
    'good',
    `process.stdin.resume().on('end', () => {
       const audio = Buffer.alloc(3200); for (let i = 0; i < 1600; i++) audio.writeInt16LE(i, i * 2)
       process.stdout.write(audio.subarray(0, 1001)); setTimeout(() => process.stdout.write(audio.subarray(1001)), 50)
     })`,
  )
  const { samples, durationMs } = await decode(path, 'mp3')
  expect(samples).toEqual(Int16Array.from({ length: 1600 }, (_, index) => index))
  expect(durationMs).toBe(100)
})

test('what it complains of is in the error', async () => {
  const path = await program('broken', `console.error('moov atom not found'); process.exit(1)`)
  await expect(decode(path, 'mp4')).rejects.toMatchObject({
    code: 'audio_invalid',
    message: expect.stringContaining('moov atom not found'),
  })
})

test('no sound in the file is an invalid file', async () => {
  const path = await program('silent', `process.stdin.resume()`)
  await expect(decode(path, 'mp4')).rejects.toMatchObject({
    code: 'audio_invalid',
  })
})

const endless = (pidFile: string) =>
  `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))
   process.stdin.resume(); const more = () => process.stdout.write(Buffer.alloc(32000), more); more()`

async function isGone(pidFile: string): Promise<boolean> {
  const pid = Number(await readFile(pidFile, 'utf8'))
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0)
    } catch {
      return true
    }
    await wait(20)
  }
  return false
}

test('more seconds than allowed end it, and the program', async () => {
  const pidFile = join(folder, 'pid-endless')
  const path = await program('endless', endless(pidFile))
  await expect(decode(path, 'ogg')).rejects.toMatchObject({
    code: 'too_large',
  })
  expect(await isGone(pidFile)).toBe(true)
})

test('an abort ends it with the reason of the signal, and kills the program', async () => {
  const pidFile = join(folder, 'pid-hanging')
  const path = await program(
    'hanging',
    `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`,
  )
  const controller = new AbortController()
  const decoding = decode(path, 'ogg', controller.signal)
  decoding.catch(() => {})
  await expect.poll(() => readFile(pidFile, 'utf8').catch(() => ''), { timeout: 10_000 }).not.toBe('')
  controller.abort(new Error('gone'))
  await expect(decoding).rejects.toThrow('gone')
  expect(await isGone(pidFile)).toBe(true)
})

test('one that comes to no end is killed after a minute', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const pidFile = join(folder, 'pid-searching')
    const path = await program(
      'searching',
      `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000)`,
    )
    const failure = failureOf(decode(path, 'ogg'))
    while ((await readFile(pidFile, 'utf8').catch(() => '')) === '');
    vi.advanceTimersByTime(60_000)
    expect(await failure).toMatchObject({ code: 'engine_timeout', message: expect.stringContaining('60 s') })
    expect(await isGone(pidFile)).toBe(true)
  } finally {
    vi.useRealTimers()
  }
})

test('it gets a file to seek in, whose name is gone, and one demuxer only', async () => {
  const path = await program(
    'reader',
    `const { fstatSync, readFileSync, readSync } = require('node:fs')
     const text = Buffer.alloc(4); readSync(0, text, 0, 4, 8)
     console.error(JSON.stringify([fstatSync(0).isFile(), fstatSync(0).nlink, text.toString(), ...process.argv.slice(2)]))
     process.exit(1)`,
  )
  const { message } = await failureOf(decode(path, 'mp4'))
  expect(message).toContain('[true,0,"in t",')
  expect(message).toContain('"-format_whitelist","mov","-f","mov","-i","file:/dev/stdin"')
  expect((await readdir(tmpdir())).filter(name => name.startsWith('quantvox-audio-'))).toEqual([])
})

test.each(['partial file', 'File ended prematurely'])(
  'a file of which it says "%s" is refused',
  async said => {
    const path = await program(
      'damaged',
      `console.error('${said}'); process.stdout.write(Buffer.alloc(32000))`,
    )
    const { code, message } = await failureOf(decode(path, 'mp4'))
    expect([code, message]).toEqual(['audio_invalid', expect.stringContaining(said)])
  },
)

/** The real one is on few machines, and the image has none: what is read with it is tested where it is. */
const realOnes = (await findOnPath('ffmpeg')) === null ? [] : await readdir('test/fixtures/sound')
const fixtures = realOnes.filter(name => !name.endsWith('.md'))
if (fixtures.length === 0) console.info('without ffmpeg on PATH its own tests are left out')
else {
  describe('the real ffmpeg hears all of', () => {
    test.each(fixtures)('%s', async name => {
      const bytes = await readFile(join('test/fixtures/sound', name))
      const { durationMs, samples } = await decodeAudio(bytes, { maxBytes: 1e6, maxSeconds: 10 }, signal)
      expect(durationMs).toBeGreaterThan(2029)
      expect(durationMs).toBeLessThan(2150)
      expect(Math.max(...samples.subarray(16_000))).toBeGreaterThan(5000)
    })
    test('and refuses a half', async () => {
      for (const name of fixtures) {
        const bytes = await readFile(join('test/fixtures/sound', name))
        const half = bytes.subarray(0, bytes.length / 2)
        const { code } = await failureOf(decodeAudio(half, { maxBytes: 1e6, maxSeconds: 10 }, signal))
        expect([name, code]).toEqual([name, 'audio_invalid'])
      }
    })
  })
}
