import { openMicrophone } from '../audio/microphone.ts'

export type Recording = { wav: Blob; seconds: number }

export type RecordingUnderWay = {
  /** Ends it and lets the microphone go. */
  stop(): Promise<Recording>
  cancel(): Promise<void>
}

/** Records the microphone until it is stopped. Throws `MicrophoneError`, and then holds no device. */
export async function startRecording(options: {
  /** 0 to 1, many times a second. */
  level(level: number): void
  /** The device is gone. */
  ended(): void
}): Promise<RecordingUnderWay> {
  const context = new AudioContext()
  const parts: Int16Array<ArrayBuffer>[] = []
  try {
    await context.resume()
    const microphone = await openMicrophone({
      ...{ context, deviceId: undefined, ended: options.ended, muteChanged: () => {} },
      frame({ pcm, level }) {
        parts.push(new Int16Array(pcm))
        options.level(level)
      },
    })
    const cancel = async () => {
      microphone.close()
      await context.close()
    }
    return {
      async stop() {
        const { sampleRate } = context
        await cancel()
        return { wav: wavOf(parts, sampleRate), seconds: lengthOf(parts) / sampleRate }
      },
      cancel,
    }
  } catch (error) {
    await context.close()
    throw error
  }
}

const lengthOf = (parts: readonly Int16Array[]) => parts.reduce((sum, { length }) => sum + length, 0)

const HEADER_BYTES = 44

/** Mono 16-bit PCM as a WAV file. The machines that browsers run on are little-endian, as WAV is. */
export function wavOf(parts: readonly Int16Array<ArrayBuffer>[], sampleRate: number): Blob {
  const bytes = lengthOf(parts) * 2
  const header = new DataView(new ArrayBuffer(HEADER_BYTES))
  const put = (offset: number, text: string) => {
    for (let i = 0; i < text.length; i++) header.setUint8(offset + i, text.charCodeAt(i))
  }
  put(0, 'RIFF')
  header.setUint32(4, HEADER_BYTES - 8 + bytes, true)
  put(8, 'WAVEfmt ')
  header.setUint32(16, 16, true)
  // PCM, one channel.
  header.setUint16(20, 1, true)
  header.setUint16(22, 1, true)
  header.setUint32(24, sampleRate, true)
  header.setUint32(28, sampleRate * 2, true)
  header.setUint16(32, 2, true)
  header.setUint16(34, 16, true)
  put(36, 'data')
  header.setUint32(40, bytes, true)
  return new Blob([header, ...parts], { type: 'audio/wav' })
}
