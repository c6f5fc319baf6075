import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { QuantvoxError } from '../../errors.ts'
import { toBytes } from '../pcm.ts'
import { ENCODED_RATE, type Encode } from './encode.ts'

export const flac = byFfmpeg('flac', ['-c:a', 'flac', '-f', 'flac'])
/** In ADTS, which is a stream that may begin anywhere. */
export const aac = byFfmpeg('aac', ['-c:a', 'aac', '-b:a', '64k', '-f', 'adts'])

/** @returns an encoder that throws `unsupported_media_type` where there is no ffmpeg, `engine_failed` where it fails */
function byFfmpeg(format: string, output: readonly string[]): Encode {
  return async function* (samples, signal) {
    const input = ['-f', 's16le', '-ar', String(ENCODED_RATE), '-ac', '1', '-i', 'pipe:0']
    const args = [
      '-hide_banner',
      '-nostdin',
      '-loglevel',
      'error',
      ...input,
      ...output,
      '-flush_packets',
      '1',
      'pipe:1',
    ]
    const child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'ignore'] })
    const kill = () => child.kill('SIGKILL')
    signal.addEventListener('abort', kill, { once: true })
    const exited = once(child, 'close')
    exited.catch(() => {})
    const source = Readable.from(bytesOf(samples), { objectMode: false })
    let failure: unknown = null
    source.once('error', error => {
      failure = error
      kill()
    })
    try {
      await once(child, 'spawn')
      // It ends in the middle where ffmpeg does.
      child.stdin.on('error', () => {})
      source.pipe(child.stdin)
      yield* child.stdout as AsyncIterable<Buffer>
      const [code] = await exited
      if (failure !== null) throw failure
      signal.throwIfAborted()
      if (code !== 0) throw new QuantvoxError('engine_failed', `ffmpeg could not make ${format}.`)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).syscall?.startsWith('spawn')) throw withoutFfmpeg(format, cause)
      throw cause
    } finally {
      signal.removeEventListener('abort', kill)
      kill()
      source.destroy()
    }
  }
}

async function* bytesOf(samples: AsyncIterable<Int16Array>): AsyncGenerator<Buffer> {
  for await (const part of samples) yield toBytes(part)
}

function withoutFfmpeg(format: string, cause: unknown): QuantvoxError {
  return new QuantvoxError(
    'unsupported_media_type',
    `Audio is made ${format} by ffmpeg, which is not here.`,
    {
      mend: 'Install ffmpeg, or ask for mp3, opus, wav or pcm.',
      cause,
    },
  )
}
