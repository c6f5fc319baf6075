import { InferenceSession } from 'onnxruntime-node'

/**
 * A network of ONNX on the processor.
 * @param model its file, or the path of that
 * @param threads with 1, `run()` blocks the thread that asks
 */
export async function loadNetwork(model: Uint8Array | string, threads: number): Promise<InferenceSession> {
  // Its native library, on Linux since 1.30, keeps an id of the device and sends usage to its maker; it looks here once.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  const options: InferenceSession.SessionOptions = {
    ...{ intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' },
    ...{ graphOptimizationLevel: 'all', logSeverityLevel: 3 },
    extra: {
      session: {
        // Threads that spin while they wait take from the language model, which is generating.
        intra_op: { allow_spinning: '0' },
        // x86 without VNNI adds pairs of products of unsigned by signed bytes in 16 bits, which saturate: int8 networks then
        // give other answers than elsewhere (onnxruntime's documentation, "Quantize ONNX models"). With this they multiply
        // unsigned bytes there.
        x64quantprecision: '1',
      },
    },
  }
  return typeof model === 'string'
    ? await InferenceSession.create(model, options)
    : await InferenceSession.create(model, options)
}
