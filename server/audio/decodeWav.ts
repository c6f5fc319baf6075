import { Reader } from 'wav'
import { QuantvoxError } from '../errors.ts'
import { countedBytes, createCollector, type DecodedAudio, type DecodeLimits } from './decodedAudio.ts'
import { checkedFormat, createMonoDecoder, type SampleFormat } from './sampleFormat.ts'
import { audioChunksOf, type WavHeader } from './wavChunks.ts'
import { createBreather, smallPieces } from './yielding.ts'

/**
 * Decodes a WAV stream into 16 kHz mono: PCM of 8, 16, 24 or 32 bits, float of 32 or 64, 1 to 8 channels (their
 * mean), 8000 to 192000 Hz. A length of 0 or of 2 GiB and more in the header means "streamed, until the end".
 * Works in small pieces between which the event loop runs.
 *
 * @throws QuantvoxError `audio_invalid` that says what is wrong with the file, `too_large` while decoding;
 * the signal's reason when aborted
 */
export async function decodeWav(
  source: AsyncIterable<Uint8Array>,
  limits: DecodeLimits,
  signal: AbortSignal,
): Promise<DecodedAudio> {
  const header: WavHeader = { announcedBytes: null, subFormat: null }
  const breathe = createBreather(signal)
  const wav = openReader()
  let decoding = null as Decoding | null
  let audioBytes = 0

  const decode = async () => {
    for (const bytes of wav.take()) {
      decoding ??= open(checkedFormat(wav.format(), header.subFormat), limits)
      audioBytes += bytes.length
      for (const piece of smallPieces(bytes)) {
        decoding.collector.add(decoding.mono.push(piece))
        await breathe()
      }
    }
  }

  signal.throwIfAborted()
  for await (const chunk of audioChunksOf(countedBytes(source, limits.maxBytes), header)) {
    await wav.write(chunk)
    // A wrong format is refused before its audio is read.
    if (decoding === null && wav.format() !== null) checkedFormat(wav.format(), header.subFormat)
    await decode()
  }
  await wav.end()
  await decode()

  if (header.announcedBytes !== null && audioBytes < header.announcedBytes) {
    throw invalid(
      `This WAV file is cut short: its header announces ${header.announcedBytes} bytes of audio, ${audioBytes} came.`,
    )
  }
  // A recording of no length is whole; that nothing was said in it is for others to find.
  const { format, mono, collector } = decoding ?? open(checkedFormat(wav.format(), header.subFormat), limits)
  if (mono.leftBytes > 0 && header.announcedBytes !== null) {
    throw invalid(
      `The audio of this WAV file ends inside a sample: ${audioBytes} bytes are no whole number of frames.`,
    )
  }
  return collector.end(describe(format))
}

type Decoding = ReturnType<typeof open>

function open(format: SampleFormat, limits: DecodeLimits) {
  return {
    format,
    mono: createMonoDecoder(format),
    collector: createCollector(format.sampleRate, limits.maxSeconds),
  }
}

/** `wav`'s Reader, driven chunk by chunk; it emits more than one error for one fault, so all are listened to. */
function openReader() {
  const reader = new Reader()
  const ready: Buffer[] = []
  let format: unknown = null
  let failure: Error | null = null
  reader.on('error', (error: Error) => {
    failure ??= error
  })
  reader.on('format', announced => {
    format = announced
  })
  reader.on('data', (bytes: Buffer) => {
    ready.push(bytes)
  })

  const settled = (run: (done: (error?: Error | null) => void) => void) =>
    new Promise<void>((resolve, reject) => {
      const fail = (error: Error) =>
        reject(new QuantvoxError('audio_invalid', 'This WAV file cannot be read.', { cause: error }))
      const done = (error?: Error | null) =>
        (failure ?? error) ? fail((failure ?? error) as Error) : resolve()
      reader.once('error', fail)
      try {
        run(error => {
          reader.off('error', fail)
          done(error)
        })
      } catch (error) {
        // Its parser asserts and reads past the end of short headers, in the middle of write().
        fail(error instanceof Error ? error : new Error(String(error)))
      }
    })

  return {
    format: () => format,
    write: (chunk: Buffer) => settled(done => reader.write(chunk, done)),
    end: () =>
      settled(done => {
        reader.once('end', () => done())
        reader.end()
      }),
    take: () => ready.splice(0),
  }
}

function describe({ encoding, bitDepth, channels, sampleRate }: SampleFormat): string {
  return `wav ${encoding} ${bitDepth} bit, ${channels} channel${channels === 1 ? '' : 's'}, ${sampleRate} Hz`
}

function invalid(message: string): QuantvoxError {
  return new QuantvoxError('audio_invalid', message, {
    mend: 'Record or convert it again: ffmpeg -i INPUT -ar 16000 -ac 1 -c:a pcm_s16le OUTPUT.wav',
  })
}
