/** When a position of the session's audio was heard here: the server tells of moments by positions in what it was sent. */
export function createAudioClock() {
  let rate = 1
  let samples = 0
  let sentAtMs = 0

  return {
    /** A session begins, which counts from 0. */
    begin(sampleRate: number): void {
      rate = sampleRate
      samples = 0
    },
    /** 16-bit mono. */
    sent(pcm: ArrayBuffer, nowMs: number): void {
      samples += pcm.byteLength / 2
      sentAtMs = nowMs
    },
    /** Milliseconds of the clock of `sent`; of what came without a gap since. */
    momentOf: (positionMs: number): number => sentAtMs - Math.max(0, (samples / rate) * 1000 - positionMs),
  }
}
