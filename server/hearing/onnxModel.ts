import { InferenceSession } from 'onnxruntime-node'

/** A small model on the thread that asks: `run()` blocks it. */
export function loadOnnxModel(file: string): Promise<InferenceSession> {
  // Its native library, on Linux since 1.30, keeps an id of the device and sends usage to its maker; it looks here once.
  process.env.ORT_DISABLE_TELEMETRY = '1'
  return InferenceSession.create(file, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  })
}
