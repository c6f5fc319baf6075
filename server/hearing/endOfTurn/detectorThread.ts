import { parentPort, workerData } from 'node:worker_threads'
import { Tensor } from 'onnxruntime-node'
import { loadNetwork } from '../../inference/onnxNetwork.ts'
import { HEARD_SAMPLES, MEL_BANDS, MEL_FRAMES, melFeatures } from './features.ts'

/**
 * The thread of `createDetector()`: Smart Turn v3.2 (BSD-2). Interface of the model: input_features [1, 80, 800] in, logits [1, 1]
 * out, which is a probability already. Answers what it is sent, one after the other; what fails ends it.
 */
const session = await loadNetwork(String(workerData), 1)

async function probabilityOf(samples: Int16Array): Promise<number> {
  const features = new Tensor('float32', melFeatures(samples), [1, MEL_BANDS, MEL_FRAMES])
  const { logits } = await session.run({ input_features: features })
  const probability: unknown = logits?.data[0]
  if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) {
    throw new Error('The end-of-turn model gives no probability.')
  }
  return probability
}

// The first run takes longer: no turn should pay for that.
await probabilityOf(new Int16Array(HEARD_SAMPLES))
const say = (answer: 'ready' | number) => parentPort?.postMessage(answer)
parentPort?.on('message', async (samples: Int16Array) => say(await probabilityOf(samples)))
say('ready')
