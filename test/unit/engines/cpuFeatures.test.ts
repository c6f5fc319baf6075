import { expect, test } from 'vitest'
import { cpuFeaturesIn } from '../../../server/engines/cpuFeatures.ts'

test.each([
  [
    'Ollama 0.17.4',
    'time=2026-11-25T10:50:02.735Z level=INFO source=ggml.go:104 msg=system CPU.0.SSE3=1 CPU.0.AVX2=1 CPU.0.AVX512_VNNI=1 CPU.0.LLAMAFILE=1 compiler=cgo(gcc)',
    ['SSE3', 'AVX2', 'AVX512_VNNI'],
  ],
  [
    'whisper.cpp 1.9.1',
    'system_info: n_threads = 2 / 2 | WHISPER : COREML = 0 | OPENVINO = 0 | CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | OPENMP = 1 | REPACK = 1 | ',
    ['SSE3', 'AVX2'],
  ],
  ['a build without any', 'system_info: n_threads = 2 / 2 | WHISPER : COREML = 0 | CPU : OPENMP = 1 |', []],
  ['another line', 'level=INFO msg="model weights" device=CPU AVX2=1', null],
])('features of %s', (_engine, line, features) => {
  expect(cpuFeaturesIn(line)).toEqual(features)
})
