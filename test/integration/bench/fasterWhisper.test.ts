import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SpeechClip } from '../../../scripts/bench/speechClips.ts'
import { startFasterWhisper } from '../../../scripts/bench/words/fasterWhisper.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faster-whisper-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A shell script in the place of Python. */
async function python(script: string): Promise<string> {
  const path = join(folder, 'python')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

function clip(seconds: number, segments: [startMs: number, endMs: number][]): SpeechClip {
  const found = { segments: segments.map(([startMs, endMs]) => ({ startMs, endMs })), speechMs: 1000 }
  return {
    ...{ file: 'clip.wav', text: '', kind: 'speech', audioMs: seconds * 1000 },
    samples: new Int16Array(seconds * 16_000),
    found: { ...found, lastVoicedMs: 0, probabilities: new Float32Array() },
  }
}

it('gets what is said of a clip with the silence around it cut off, in windows of 30 s', async () => {
  const sizes = `echo '{"ready":"versions"}'
while read -r path; do echo "$path" > ${folder}/path; echo "{\\"text\\":\\"$(($(wc -c < "$path")))\\",\\"ms\\":2.5}"; done`
  const peer = await startFasterWhisper(await python(sizes), 'model', 2)
  try {
    expect(peer.version).toBe('versions')
    const bytes = (ms: number) => 44 + ms * 32
    const hearShort = await peer.prepare(
      clip(4, [
        [1000, 1500],
        [2000, 3000],
      ]),
    )
    expect(await hearShort()).toEqual({ text: `${bytes(2000 + 640)}`, passes: 1, ms: 2.5 })
    const hearLong = await peer.prepare(
      clip(60, [
        [1000, 11_000],
        [45_000, 55_000],
      ]),
    )
    expect(await hearLong()).toEqual({ text: `${bytes(10_640)} ${bytes(10_640)}`, passes: 2, ms: 5 })
  } finally {
    await peer.stop()
  }
  expect(existsSync(readFileSync(join(folder, 'path'), 'utf8').trim())).toBe(false)
})

it('says that a Python without it, or one that is not there, gave up', async () => {
  await expect(startFasterWhisper(await python('exit 1'), 'model', 2)).rejects.toThrow('it ended with 1')
  await expect(startFasterWhisper(join(folder, 'none'), 'model', 2)).rejects.toThrow('ENOENT')
})
