import type { LanguageModel } from '../../server/protocol/models.ts'
import type { WhisperPrograms } from '../../server/setup/index.ts'
import { type GpuBackend, gpuToBuildFor } from '../../server/setup/whisper/gpu.ts'
import type { Facts } from './facts.ts'
import { type Finding, finding } from './finding.ts'

/** Where Ollama runs the models that are loaded: a model may spill from the GPU to the CPU. */
export function examineGpu(models: LanguageModel[], facts: Facts): Finding {
  const loaded = models.filter(model => model.loaded)
  const what = 'models on a GPU'
  const why =
    'A model that does not fit the memory of the GPU runs in part, or wholly, on the CPU, many times slower.'
  const named = loaded
    .map(({ name, gpuShare }) => `${name} ${Math.round((gpuShare ?? 0) * 100)} %`)
    .join(', ')
  const spilled = loaded.filter(({ gpuShare }) => gpuShare !== null && gpuShare > 0 && gpuShare < 1)
  if (spilled.length > 0) {
    const mend = 'Choose a smaller model or level, lower NUM_CTX, or free the memory of the GPU.'
    return finding(what, named, { state: 'wrong', mend }, why)
  }
  const unused = facts.gpu.hasNvidiaGpu && loaded.some(({ gpuShare }) => gpuShare === 0)
  if (!unused) return finding(what, named === '' ? 'none is loaded' : named, null, why)
  const mend =
    "Install Ollama's official release, which brings CUDA, or see its log for why it does not use the GPU."
  return finding(what, `${named}, though there is a GPU`, { state: 'note', mend }, why)
}

const backendNames: Record<GpuBackend, string> = { cuda: 'CUDA', vulkan: 'Vulkan', metal: 'Metal' }

/**
 * Whether whisper-server uses the GPU that is here.
 *
 * @param runsOn as it said when it loaded a model; null where it said nothing of it
 */
export async function examineWhisperGpu(
  { origin, gpu }: WhisperPrograms,
  runsOn: string | null,
  engines: string,
  { gpu: tools }: Pick<Facts, 'gpu'>,
): Promise<Finding> {
  const what = 'GPU of whisper-server'
  const why = 'On a GPU the larger speech models are heard many times faster.'
  const uses = runsOn !== null && runsOn !== 'none'
  const built = gpu === null ? '' : `, built for ${backendNames[gpu]}`
  if (uses) return finding(what, `it runs on ${runsOn}${built}`, null, why)
  if (gpu !== null) {
    const mend = 'See that the driver of the GPU runs and that this user may use it.'
    return finding(what, `it runs on the CPU${built}`, { state: 'note', mend }, why)
  }
  const buildable = await gpuToBuildFor(tools)
  if (buildable !== null && origin === 'built') {
    const mend = `Delete ${engines}/whisper.cpp-* and run "npx quantvox setup", which builds it for ${backendNames[buildable]} and says why where that fails.`
    const found = `it was built for the CPU, though what builds it for ${backendNames[buildable]} is here`
    return finding(what, found, { state: 'note', mend }, why)
  }
  if (!tools.hasNvidiaGpu) return finding(what, 'it runs on the CPU', null, why)
  const mend =
    origin === 'path'
      ? 'Take whisper-server off PATH and put nvcc of the CUDA toolkit on it: setup builds it for CUDA.'
      : `Put nvcc of the CUDA toolkit on PATH, delete ${engines}/whisper.cpp-* and run "npx quantvox setup".`
  return finding(what, 'it runs on the CPU, though there is a GPU', { state: 'note', mend }, why)
}
