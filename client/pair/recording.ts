import { startRecording } from '../recording/recording.ts'

/** A question longer than that is sent as it is. */
const LONGEST_MS = 60_000

export type Recording = {
  /** Ends it and hands over what was recorded. */
  stop(): void
}

/** Records a question from the microphone until it is stopped, hands it over as WAV, and lets go of the device, as it does once `signal` aborts. Throws `MicrophoneError`. */
export async function record(
  signal: AbortSignal,
  deviceId: string | null,
  done: (clip: Blob) => void,
): Promise<Recording> {
  const underWay = await startRecording({ signal, deviceId, ended: () => stop() })
  let isOver = false
  function stop(): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    void underWay.stop().then(({ wav }) => {
      if (!signal.aborted) done(wav)
    })
  }
  const timer = setTimeout(stop, LONGEST_MS)
  signal.addEventListener('abort', () => clearTimeout(timer))
  return { stop }
}
