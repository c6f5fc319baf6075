import { openMicrophone } from '../audio/microphone.ts'
import { wavBlob } from './wavBlob.ts'

export type Recording = { wav: Blob; seconds: number }

export type RecordingUnderWay = {
  /** Ends it and lets the microphone go. */
  stop(): Promise<Recording>
  cancel(): Promise<void>
}

/** Records the microphone until it is stopped. Throws `MicrophoneError`, and then holds no device. */
export async function startRecording(options: {
  /** 0 to 1, many times a second. */
  level?(level: number): void
  /** The device is gone. */
  ended(): void
}): Promise<RecordingUnderWay> {
  const context = new AudioContext()
  const frames: ArrayBuffer[] = []
  try {
    const microphone = await openMicrophone({
      ...{ context, deviceId: undefined, ended: options.ended, muteChanged: () => {} },
      frame({ pcm, level }) {
        frames.push(pcm)
        options.level?.(level)
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
        const samples = frames.reduce((sum, { byteLength }) => sum + byteLength / 2, 0)
        return { wav: wavBlob(frames, sampleRate), seconds: samples / sampleRate }
      },
      cancel,
    }
  } catch (error) {
    await context.close()
    throw error
  }
}
