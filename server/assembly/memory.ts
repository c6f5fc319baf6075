import type { OllamaEngine } from '../engines/ollama/ollama.ts'
import type { SpeechEngines } from '../engines/whisper/speechEngines.ts'
import type { LanguageModels } from '../llm/models.ts'
import type { LanguageModel } from '../protocol/models.ts'
import type { MemoryFigures } from '../protocol/record.ts'
import type { RoutedTurn } from '../session/stages.ts'

type Sources = { speechEngines: SpeechEngines; ollama: OllamaEngine; languageModels: LanguageModels }

/** What the runner of this model holds; null where its process is not ours to see. */
export async function measuredBytesOf(
  llm: LanguageModel,
  { ollama, languageModels }: Pick<Sources, 'ollama' | 'languageModels'>,
  signal: AbortSignal,
): Promise<number | null> {
  const weights = await languageModels.weightsDigest(llm, signal)
  return weights === null ? null : await ollama.runnerMemory(weights)
}

/** No figure is worth waiting longer for; the turn's row waits for it. */
const PATIENCE_MS = 2_000

/**
 * What the two models of a turn hold now. The LLM's own process is asked where it is ours to see (Linux), else
 * Ollama's estimate is taken; `llmMemorySource` says which.
 * @param routed whose host's figures are wanted, where it is behind a router: those of another one are none
 */
export async function memoryOf(
  speechModel: string | null,
  llm: LanguageModel | null,
  routed: RoutedTurn | null,
  { speechEngines, ollama, languageModels }: Sources,
): Promise<MemoryFigures> {
  const askedAtMs = performance.now()
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const speech = speechModel === null ? [] : await speechEngines.loaded()
  const figures: MemoryFigures = {
    speechResidentBytes: speech.find(model => model.name === speechModel)?.residentBytes ?? null,
    llmResidentBytes: null,
    llmGpuShare: null,
    llmMemorySource: null,
  }
  if (llm === null) return figures
  const [now, measured] = await Promise.all([
    languageModels.find(llm.name, signal, routed?.conversationId),
    measuredBytesOf(llm, { ollama, languageModels }, signal),
  ])
  if (routed !== null) {
    const resident = languageModels.there(routed.host, now.name)?.resident
    if (resident === null || resident === undefined || resident.atMs < askedAtMs) return figures
    const { residentBytes, gpuShare } = resident
    const source = residentBytes === null ? null : 'ollama'
    return { ...figures, llmResidentBytes: residentBytes, llmGpuShare: gpuShare, llmMemorySource: source }
  }
  figures.llmGpuShare = now.gpuShare
  figures.llmResidentBytes = measured ?? now.residentBytes
  figures.llmMemorySource = measured !== null ? 'process' : now.residentBytes === null ? null : 'ollama'
  return figures
}
