import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { QuantvoxError } from '../errors.ts'
import { countedBytes, createCollector, type DecodedAudio, type DecodeLimits } from './decodedAudio.ts'
import { fromBytes, pcmSampleRate, toFloat32 } from './pcm.ts'
import { createBreather, smallPieces } from './yielding.ts'

const MAX_COMPLAINT_BYTES = 4096

/**
 * Decodes any container that `ffmpeg` reads, in a child process that dies with the signal. The input comes through
 * a pipe and only pipes are allowed (`-protocol_whitelist`), so that a playlist inside a file cannot make ffmpeg
 * open other files or URLs.
 *
 * @param program path or name of ffmpeg
 * @throws QuantvoxError `unsupported_media_type` where there is no ffmpeg, `audio_invalid` where it cannot read
 * the file, `too_large` while decoding
 */
export async function decodeWithFfmpeg(
  program: string,
  source: AsyncIterable<Uint8Array>,
  container: string,
  limits: DecodeLimits,
  signal: AbortSignal,
): Promise<DecodedAudio> {
  signal.throwIfAborted()
  const child = spawn(
    program,
    [
      '-hide_banner',
      '-nostdin',
      '-loglevel',
      'error',
      '-protocol_whitelist',
      'pipe',
      '-i',
      'pipe:0',
      '-vn',
      '-sn',
      '-dn',
      '-map',
      '0:a:0',
      '-ac',
      '1',
      '-ar',
      String(pcmSampleRate),
      '-c:a',
      'pcm_s16le',
      '-f',
      's16le',
      'pipe:1',
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < MAX_COMPLAINT_BYTES) complaint += text
  })
  const exited = once(child, 'close')
  exited.catch(() => {})

  try {
    await once(child, 'spawn')
    const feeding = feed(countedBytes(source, limits.maxBytes), child.stdin)
    // A failure to feed must end the reading, too.
    const fed = feeding.catch((error: unknown) => {
      kill()
      return error
    })
    const collector = createCollector(pcmSampleRate, limits.maxSeconds)
    const breathe = createBreather(signal)
    let odd = Buffer.alloc(0)
    let bytes = 0
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      bytes += chunk.length
      for (const piece of smallPieces(odd.length === 0 ? chunk : Buffer.concat([odd, chunk]))) {
        const whole = piece.length - (piece.length % 2)
        collector.add(toFloat32(fromBytes(piece.subarray(0, whole))))
        odd = Buffer.from(piece.subarray(whole))
        await breathe()
      }
    }
    signal.throwIfAborted()
    const feedError = await fed
    if (feedError !== undefined) throw feedError
    const [code] = await exited
    if (code !== 0 || bytes === 0) throw unreadable(container, complaint)
    return collector.end(`${container} by ffmpeg`)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw withoutFfmpeg(container)
    throw error
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
  }
}

/** Writes everything with back-pressure. ffmpeg may stop reading early (a broken file); that is no error of ours. */
async function feed(source: AsyncIterable<Buffer>, sink: NodeJS.WritableStream): Promise<void> {
  let closed = false
  const close = new Promise<void>(resolve => {
    const stop = () => {
      closed = true
      resolve()
    }
    sink.once('error', stop)
    sink.once('close', stop)
  })
  for await (const chunk of source) {
    if (closed) return
    if (!sink.write(chunk)) await Promise.race([once(sink, 'drain'), close])
  }
  if (!closed) sink.end()
}

/** The refusal where there is no ffmpeg to read the container. */
function withoutFfmpeg(container: string): QuantvoxError {
  return new QuantvoxError(
    'unsupported_media_type',
    `This is ${container} audio; without ffmpeg only WAV is read here.`,
    {
      mend: 'Send WAV (16 kHz mono 16-bit is best), or install ffmpeg on the machine of the server.',
    },
  )
}

function unreadable(container: string, complaint: string): QuantvoxError {
  const reason = complaint.trim().split('\n').at(-1) ?? ''
  return new QuantvoxError(
    'audio_invalid',
    `ffmpeg cannot read this ${container} file${reason === '' ? '' : `: ${reason.slice(0, 200)}`}.`,
    { mend: 'Check that it is whole and has sound in it, or send WAV.' },
  )
}
