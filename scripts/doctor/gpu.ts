import type { LanguageModel } from '../../server/protocol/models.ts'
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
  const unused = facts.hasNvidiaGpu && loaded.some(({ gpuShare }) => gpuShare === 0)
  if (!unused) return finding(what, named === '' ? 'none is loaded' : named, null, why)
  const mend =
    "Install Ollama's official release, which brings CUDA, or see its log for why it does not use the GPU."
  return finding(what, `${named}, though there is a GPU`, { state: 'note', mend }, why)
}
