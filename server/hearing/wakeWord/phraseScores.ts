import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { isDigitalSilence } from '../../audio/pcm.ts'
import { loadNetwork } from '../../inference/onnxNetwork.ts'

/** Samples of one step: 80 ms at 16 kHz, after each of which the models score. */
export const STEP_SAMPLES = 1280

/** The melspectrogram of a step needs so many samples before it. */
const BEFORE_SAMPLES = 480
const MEL_BANDS = 32
/** Frames of 10 ms that one embedding is made of, and by how many the next one is later. */
const MEL_FRAMES = 76
const STEP_FRAMES = 8
const EMBEDDING_LENGTH = 96

/** Files of the three models that hear one phrase. */
export type WakeFiles = { melspectrogram: string; embedding: string; phrase: string }

/** Scores one microphone's sound. */
export type PhraseScores = {
  /** How likely the phrase ends about here, 0 to 1. Steps come in order, each after the answer for the one before. */
  push(step: Int16Array): Promise<number>
}

/** Loads models; each file once. */
export function createWakeModels() {
  const loaded = new Map<string, Promise<InferenceSession>>()
  function load(file: string): Promise<InferenceSession> {
    const session = loaded.get(file) ?? loadNetwork(file, 1)
    loaded.set(file, session)
    // One that is put right may be tried again.
    session.catch(() => loaded.delete(file))
    return session
  }

  /** A stream that has heard silence so far. @throws what is wrong with a file */
  return async ({ melspectrogram, embedding, phrase }: WakeFiles): Promise<PhraseScores> => {
    const [mel, embed, score] = await Promise.all([melspectrogram, embedding, phrase].map(load))
    if (!mel || !embed || !score) throw new Error('unreachable: three files')
    return createPhraseScores(mel, embed, score)
  }
}

/**
 * openWakeWord 0.6 (`utils.py`, AudioFeatures, and `model.py`, predict): melspectrogram in [1, samples] of 16-bit values, out
 * [.., frames, 32]; embedding in [1, 76, 32, 1], out 96 values; phrase in [1, embeddings, 96], out [1, 1]. There a stream begins
 * with embeddings of noise and scores nothing at first; here it begins with those of silence.
 */
async function createPhraseScores(
  mel: InferenceSession,
  embed: InferenceSession,
  score: InferenceSession,
): Promise<PhraseScores> {
  const embeddings = embeddingsOf(score)
  const samples = new Float32Array(BEFORE_SAMPLES + STEP_SAMPLES)
  const frames = new Float32Array(MEL_FRAMES * MEL_BANDS).fill(1)
  const known = new Float32Array(embeddings * EMBEDDING_LENGTH)
  const samplesIn = new Tensor('float32', samples, [1, samples.length])
  const framesIn = new Tensor('float32', frames, [1, MEL_FRAMES, MEL_BANDS, 1])
  const knownIn = new Tensor('float32', known, [1, embeddings, EMBEDDING_LENGTH])
  /** After so many steps of nothing but zeros all that is known is of them. */
  const allSteps = Math.ceil(MEL_FRAMES / STEP_FRAMES) + embeddings + 1
  let zeroSteps = 0

  async function push(step: Int16Array): Promise<number> {
    if (step.length !== STEP_SAMPLES)
      throw new RangeError(`A step has ${STEP_SAMPLES} samples, not ${step.length}.`)
    zeroSteps = isDigitalSilence(step) ? zeroSteps + 1 : 0
    // A microphone that is muted costs nothing.
    if (zeroSteps > allSteps) return 0
    samples.copyWithin(0, STEP_SAMPLES)
    samples.set(step, BEFORE_SAMPLES)
    const spectrum = await run(mel, samplesIn, STEP_FRAMES * MEL_BANDS)
    shiftIn(
      frames,
      spectrum.map(value => value / 10 + 2),
    )
    shiftIn(known, await run(embed, framesIn, EMBEDDING_LENGTH))
    const [scored = 0] = await run(score, knownIn, 1)
    return scored
  }

  for (let heard = 0; heard < allSteps; heard++) await push(new Int16Array(STEP_SAMPLES))
  return { push }
}

/** How many embeddings a phrase's model looks at; those of openWakeWord 16 to 34. */
function embeddingsOf({ inputMetadata }: InferenceSession): number {
  const [input] = inputMetadata
  const shape = input?.isTensor ? input.shape : []
  const [, embeddings, length] = shape
  if (shape.length === 3 && typeof embeddings === 'number' && length === EMBEDDING_LENGTH) return embeddings
  throw new Error(
    `It is no phrase of openWakeWord: its input is [${shape.join(', ')}], not [1, n, ${EMBEDDING_LENGTH}].`,
  )
}

async function run(session: InferenceSession, input: Tensor, length: number): Promise<Float32Array> {
  const [inputName = '', outputName = ''] = [session.inputNames[0], session.outputNames[0]]
  const output = (await session.run({ [inputName]: input }))[outputName]
  if (output?.data instanceof Float32Array && output.data.length === length) return output.data
  throw new Error(`The model gives ${output?.data.length} values, not ${length}.`)
}

/** The newest values take the place of the oldest. */
function shiftIn(all: Float32Array, newest: Float32Array): void {
  all.copyWithin(0, newest.length)
  all.set(newest, all.length - newest.length)
}
