/**
 * The SIMD features that an engine says it uses, for instance `AVX2`, from a line of its log; null where the line says
 * nothing of them. ggml names them at its first work: Ollama as `msg=system CPU.0.AVX2=1`, whisper-server as
 * `system_info: ... | CPU : AVX2 = 1 | ...`.
 */
export function cpuFeaturesIn(line: string): string[] | null {
  if (!line.includes('msg=system') && !line.includes('system_info:')) return null
  return [...line.matchAll(/\b(?:CPU\.\d+\.)?([A-Z][A-Z0-9_]+) ?= ?1\b/g)]
    .map(([, name]) => name ?? '')
    .filter(name => !otherThanSimd.has(name))
}

/** Parts of a build that the same lines tell of. */
const otherThanSimd = new Set([
  'LLAMAFILE',
  'OPENMP',
  'REPACK',
  'COREML',
  'OPENVINO',
  'KLEIDIAI',
  'ACCELERATE',
])

/**
 * What whisper.cpp says it runs on beside the CPU, for instance `CUDA0`; `none` where it found nothing, null where the line is about
 * something else. It says so when it loads a model.
 */
export function gpuIn(line: string): string | null {
  if (!line.includes('whisper_backend_init_gpu:')) return null
  return line.includes('no GPU found') ? 'none' : (/using (\S+) backend/.exec(line)?.[1] ?? null)
}
