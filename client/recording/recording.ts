import { openMicrophone } from '../audio/microphone.ts'
import { wavBlob } from './wavBlob.ts'

export type Recording = { wav: Blob; seconds: number }

export type RecordingUnderWay = {
  /** Ends it and lets the microphone go. */
  stop(): Promise<Recording>
}

/**
 * Records the microphone until it is stopped, or until nobody wants it any more, which may be before the browser has opened it. Throws
 * `MicrophoneError`, or why nobody wants it, and then holds no device.
 */
export async function startRecording(options: {
  /** Aborted, it lets the microphone go and what was recorded is thrown away. */
  signal: AbortSignal
  /** The chosen one; null is the browser's choice. */
  deviceId: string | null
  /** 0 to 1, many times a second. */
  level?(level: number): void
  /** The device is gone. */
  ended(): void
}): Promise<RecordingUnderWay> {
  const { signal } = options
  const context = new AudioContext()
  const frames: ArrayBuffer[] = []
  try {
    const microphone = await openMicrophone({
      ...{ context, deviceId: options.deviceId ?? undefined, ended: options.ended, muteChanged: () => {} },
      frame({ pcm, level }) {
        frames.push(pcm)
        options.level?.(level)
      },
    })
    let isClosed = false
    const close = async () => {
      if (isClosed) return
      isClosed = true
      microphone.close()
      await context.close()
    }
    if (signal.aborted) microphone.close()
    signal.throwIfAborted()
    signal.addEventListener('abort', () => void close())
    return {
      async stop() {
        const { sampleRate } = context
        await close()
        const samples = frames.reduce((sum, { byteLength }) => sum + byteLength / 2, 0)
        return { wav: wavBlob(frames, sampleRate), seconds: samples / sampleRate }
      },
    }
  } catch (error) {
    await context.close()
    throw error
  }
}
