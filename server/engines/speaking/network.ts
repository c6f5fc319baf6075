import { InferenceSession } from 'onnxruntime-node'

/**
 * A network of ONNX on the processor.
 * @param model its file, or the path of that
 */
export async function loadNetwork(model: Buffer | string, threads: number): Promise<InferenceSession> {
  // Its native library, on Linux since 1.30, keeps an id of the device and sends usage to its maker; it looks here once.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const options: InferenceSession.SessionOptions = {
    ...{ intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' },
    ...{ graphOptimizationLevel: 'all', logSeverityLevel: 3 },
    // Threads that spin while they wait take from the language model, which is generating.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }
  return typeof model === 'string'
    ? await InferenceSession.create(model, options)
    : await InferenceSession.create(model, options)
}
