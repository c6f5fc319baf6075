import { openMicrophone } from '../audio/microphone.ts'
import { wavBlob } from './wavBlob.ts'

/** A question longer than that is sent as it is. */
const LONGEST_MS = 60_000

export type Recording = {
  /** Ends it and hands over what was recorded. */
  stop(): void
  /** Throws away what was recorded. */
  cancel(): void
}

/** Records a question from the microphone until it is stopped, hands it over as WAV, and lets go of the device. Throws `MicrophoneError`. */
export async function record(done: (clip: Blob) => void): Promise<Recording> {
  const context = new AudioContext()
  const frames: ArrayBuffer[] = []
  let isOver = false
  const end = (take: (clip: Blob) => void) => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    microphone.close()
    void context.close()
    take(wavBlob(frames, context.sampleRate))
  }
  const stop = () => end(done)
  const timer = setTimeout(stop, LONGEST_MS)
  const microphone = await openMicrophone({
    ...{ context, deviceId: undefined, ended: stop, muteChanged() {} },
    frame: ({ pcm }) => frames.push(pcm),
  }).catch((error: unknown) => {
    clearTimeout(timer)
    void context.close()
    throw error
  })
  return { stop, cancel: () => end(() => {}) }
}
