import { startRecording } from '../recording/recording.ts'

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
  const underWay = await startRecording({ ended: () => stop() })
  let isOver = false
  const end = (finish: () => Promise<void>) => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    void finish()
  }
  const stop = () => end(async () => done((await underWay.stop()).wav))
  const timer = setTimeout(stop, LONGEST_MS)
  return { stop, cancel: () => end(underWay.cancel) }
}
