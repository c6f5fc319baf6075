import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { patiently } from '../abort.ts'
import { QuantvoxError } from '../errors.ts'
import type { Container } from './containers.ts'
import { createCollector, type DecodedAudio } from './decodedAudio.ts'
import { fromBytes, PCM_SAMPLE_RATE, toFloat32 } from './pcm.ts'
import { createBreather, smallPieces } from './yielding.ts'

const MAX_COMPLAINT_BYTES = 4096
/** Ten minutes of sound take a few seconds; a file that is none may keep ffmpeg searching in it for longer than anybody waits. */
const READ_WITHIN_MS = 60_000

/** What ffmpeg says, with exit code 0, of a file of which it could not hear everything. */
const DAMAGE = /partial file|ended prematurely|Invalid data found/i
/** Streams may begin and end in the middle of a frame; the lengths in a WAV file are checked before it comes here. */
const CUT_ANYWHERE: readonly Container[] = ['ogg', 'mp3', 'aac', 'wav']

/** ffmpeg's names of the demuxers, where they are others than ours. */
const demuxers: Partial<Record<Container, string>> = { webm: 'matroska', mp4: 'mov' }

/**
 * Decodes a file in a child process that dies with the signal. It reads a file, not a pipe, because what it needs may
 * be at the end. With one demuxer named and all others forbidden (`-f`, `-format_whitelist`), a playlist inside the
 * file cannot make it open other files or URLs.
 *
 * @param program path or name of ffmpeg
 * @param input the container, and what to call it in errors
 * @throws QuantvoxError `unsupported_media_type` where there is no ffmpeg, `audio_invalid` where it cannot read
 * the file or not all of it, `too_large` while decoding, `engine_failed` where it cannot be given the file,
 * `engine_timeout` where it comes to no end
 */
export function decodeWithFfmpeg(
  program: string,
  bytes: Buffer,
  about: { container: Container; name: string },
  maxSeconds: number,
  signal: AbortSignal,
): Promise<DecodedAudio> {
  return patiently(
    READ_WITHIN_MS,
    signal,
    () => endless(about.name),
    until => decoded(program, bytes, about, maxSeconds, until),
  )
}

async function decoded(
  program: string,
  bytes: Buffer,
  { container, name }: { container: Container; name: string },
  maxSeconds: number,
  signal: AbortSignal,
): Promise<DecodedAudio> {
  signal.throwIfAborted()
  const input = await namelessFile(bytes)
  const child = spawn(program, argumentsFor(demuxers[container] ?? container), {
    stdio: [input.fd, 'pipe', 'pipe'],
  })
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < MAX_COMPLAINT_BYTES) complaint += text
  })
  const exited = once(child, 'close')
  exited.catch(() => {})

  try {
    await once(child, 'spawn')
    const collector = createCollector(PCM_SAMPLE_RATE, maxSeconds)
    const breathe = createBreather(signal)
    let odd = Buffer.alloc(0)
    let decodedBytes = 0
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      decodedBytes += chunk.length
      for (const piece of smallPieces(odd.length === 0 ? chunk : Buffer.concat([odd, chunk]))) {
        const whole = piece.length - (piece.length % 2)
        collector.add(toFloat32(fromBytes(piece.subarray(0, whole))))
        odd = Buffer.from(piece.subarray(whole))
        await breathe()
      }
    }
    signal.throwIfAborted()
    const [code] = await exited
    const isDamaged = DAMAGE.test(complaint) && !CUT_ANYWHERE.includes(container)
    if (code !== 0 || decodedBytes === 0 || isDamaged) throw unreadable(name, complaint)
    return collector.end(`${name} by ffmpeg`)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && 'syscall' in error && `${error.syscall}`.startsWith('spawn')) {
      throw withoutFfmpeg(name, error)
    }
    throw error
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
    await input.close()
  }
}

function argumentsFor(demuxer: string): string[] {
  const quiet = ['-hide_banner', '-nostdin', '-loglevel', 'error']
  const only = ['-protocol_whitelist', 'file', '-format_whitelist', demuxer, '-f', demuxer]
  const sound = ['-vn', '-sn', '-dn', '-map', '0:a:0', '-ac', '1', '-ar', String(PCM_SAMPLE_RATE)]
  return [...quiet, ...only, '-i', 'file:/dev/stdin', ...sound, '-c:a', 'pcm_s16le', '-f', 's16le', 'pipe:1']
}

/**
 * The bytes as an open file of which the name is gone: one can seek in it, and nothing of it is left when it closes.
 * @throws QuantvoxError `engine_failed`
 */
async function namelessFile(bytes: Buffer): Promise<FileHandle> {
  try {
    const folder = await mkdtemp(join(tmpdir(), 'quantvox-audio-'))
    try {
      const file = await open(join(folder, 'upload'), 'wx+', 0o600)
      // At positions of its own, so that the offset, which the child may share, stays at the start.
      for (let at = 0; at < bytes.length; ) {
        at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten
      }
      return file
    } finally {
      await rm(folder, { recursive: true })
    }
  } catch (error) {
    throw new QuantvoxError(
      'engine_failed',
      `The audio cannot be handed to ffmpeg by a file in ${tmpdir()}.`,
      {
        mend: 'Make room there, or let TMPDIR name a folder that can be written to; WAV needs none.',
        cause: error,
      },
    )
  }
}

function withoutFfmpeg(name: string, cause: Error): QuantvoxError {
  return new QuantvoxError(
    'unsupported_media_type',
    `This is ${name}, which is read with ffmpeg, and ffmpeg does not run here.`,
    {
      mend: 'Install it on the machine of the server (apt install ffmpeg, brew install ffmpeg), or send WAV: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav',
      cause,
    },
  )
}

function endless(name: string): QuantvoxError {
  return new QuantvoxError(
    'engine_timeout',
    `ffmpeg came to no end with this ${name} file within ${READ_WITHIN_MS / 1000} s.`,
    { mend: 'Check that it is whole and has sound in it, or send WAV.' },
  )
}

function unreadable(name: string, complaint: string): QuantvoxError {
  const reason = complaint.trim().split('\n').at(-1) ?? ''
  return new QuantvoxError(
    'audio_invalid',
    `ffmpeg cannot read all of this ${name} file${reason === '' ? '' : `: ${reason.slice(0, 200)}`}.`,
    { mend: 'Check that it is whole and has sound in it, or send WAV.' },
  )
}
