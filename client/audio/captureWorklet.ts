/**
 * Runs on the audio thread: gathers the microphone's samples into frames, signed 16-bit, and sends each with its level.
 * One message is one frame; an input that ended gives none.
 */

export type CapturedFrame = {
  pcm: ArrayBuffer
  /** Root mean square of the frame, 0 to 1. */
  level: number
}

// The audio thread's globals are not in TypeScript's DOM library.
declare const sampleRate: number
declare function registerProcessor(name: string, processor: new () => object): void
declare class AudioWorkletProcessor {
  readonly port: MessagePort
}

const FRAME_MS = 20
/** The browser hands over this many samples at a time. */
const QUANTUM = 128

class Capture extends AudioWorkletProcessor {
  /** 20 to 23 ms, in whole quanta. */
  #size = Math.ceil((sampleRate * FRAME_MS) / 1000 / QUANTUM) * QUANTUM
  #frame = new Int16Array(this.#size)
  #filled = 0
  #squares = 0

  process([input]: Float32Array[][]): boolean {
    const samples = input?.[0]
    if (samples === undefined) return true
    for (const sample of samples) {
      const bounded = Math.max(-1, Math.min(1, sample))
      this.#squares += bounded * bounded
      this.#frame[this.#filled++] = Math.round(bounded * 32767)
      if (this.#filled === this.#size) this.#send()
    }
    return true
  }

  #send(): void {
    const pcm = this.#frame.buffer
    const frame: CapturedFrame = { pcm, level: Math.sqrt(this.#squares / this.#size) }
    this.port.postMessage(frame, [pcm])
    this.#frame = new Int16Array(this.#size)
    this.#filled = 0
    this.#squares = 0
  }
}

registerProcessor('capture', Capture)
