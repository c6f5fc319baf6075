import { InferenceSession } from 'onnxruntime-node'

/**
 * A network of ONNX on the processor.
 * @param model its file, or the path of that
 * @param threads with 1, `run()` blocks the thread that asks
 */
export async function loadNetwork(model: Uint8Array | string, threads: number): Promise<InferenceSession> {
  // Its native library, on Linux since 1.30, keeps an id of the device and sends usage to its maker; it looks here once.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  try {
    return await create(model, threads, '1')
  } catch {
    // onnxruntime 1.30 cannot rewrite a network whose products share weights, as hibari's do ("Attempt to replace the
    // existing tensor"). What else may be wrong with it is wrong here, too.
    return await create(model, threads, '0')
  }
}

/**
 * @param unsigned whether int8 weights are unsigned on x86 without VNNI. It adds pairs of products of unsigned by signed bytes in
 * 16 bits, which saturate: such networks then give other answers than elsewhere (onnxruntime's documentation, "Quantize ONNX models").
 */
function create(model: Uint8Array | string, threads: number, unsigned: '0' | '1'): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
    ...{ intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' },
    // Only what is fatal: what is thrown is told by whoever catches it.
    ...{ graphOptimizationLevel: 'all', logSeverityLevel: 4 },
    // Threads that spin while they wait take from the language model, which is generating.
    extra: { session: { intra_op: { allow_spinning: '0' }, x64quantprecision: unsigned } },
  }
  return typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options)
}
