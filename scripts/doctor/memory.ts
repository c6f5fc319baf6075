import type { Config } from '../../server/config.ts'
import type { LanguageModel } from '../../server/protocol/models.ts'
import { listSpeechModels } from '../../server/setup/index.ts'
import { isMoonshineName } from '../../server/shared/defaults/speechDefaults.ts'
import { languageModelBytes } from '../../server/shared/modelFit.ts'
import type { Facts } from './facts.ts'
import { type Finding, finding } from './finding.ts'
import { speechModelOf } from './models.ts'

const MB = 1e6
/** The server with Silero, and what speaks before it is renewed (docs/operations.md, "Sizing"). */
const SERVER_BYTES = 350 * MB
/** What whisper-server holds beside the weights: its buffers and its own code. */
const SPEECH_BUFFERS_BYTES = 130 * MB
/** The same of our Moonshine engine, a Node process with its packed weights. */
const MOONSHINE_BUFFERS_BYTES = 250 * MB

/**
 * Whether the chosen models fit the memory.
 *
 * @param language the chosen model as Ollama tells of it; null where it was not asked
 */
export async function examineMemory(
  config: Config,
  language: LanguageModel | null,
  facts: Facts,
): Promise<Finding> {
  const models = await listSpeechModels(config.CACHE_DIR)
  const speechModel = speechModelOf(config, models)
  const speech = models.find(({ name }) => name === speechModel)
  const speechBytes =
    config.SPEECH_URL.length > 0 || !speech?.sizeBytes
      ? 0
      : speech.sizeBytes + (isMoonshineName(speechModel) ? MOONSHINE_BUFFERS_BYTES : SPEECH_BUFFERS_BYTES)
  const languageBytes =
    language === null ? 0 : (language.residentBytes ?? languageModelBytes(language.sizeBytes ?? 0))
  const needed = SERVER_BYTES + speechBytes + languageBytes
  const stillToLoad = needed - (language?.loaded ? languageBytes : 0)
  const parts = [
    `the server ${gigabytes(SERVER_BYTES)}`,
    `${speechModel} ${speechBytes === 0 ? 'elsewhere or not here yet' : gigabytes(speechBytes)}`,
    `${language?.name ?? 'the language model'} ${language === null ? 'not known: Ollama was not asked' : gigabytes(languageBytes)}`,
  ]
  const found = `about ${gigabytes(needed)} of ${gigabytes(facts.memoryBytes)} are needed (${parts.join(', ')}); ${gigabytes(facts.availableMemoryBytes)} are free`
  const mend = 'Choose a smaller model or level (LLM_MODEL, SPEECH_MODEL), lower NUM_CTX, or free memory.'
  return finding(
    'memory',
    found,
    needed > facts.memoryBytes
      ? { state: 'wrong', mend }
      : stillToLoad > facts.availableMemoryBytes
        ? { state: 'note', mend }
        : null,
    'Models that do not fit make the machine swap, or are ended by it.',
  )
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
