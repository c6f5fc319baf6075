import { within } from '../../abort.ts'
import type { Voice } from '../../protocol/models.ts'
import type { Stages } from '../../session/stages.ts'
import { hearsEnglishOnly, languageCodes } from '../../spokenLanguage.ts'
import type { HearingDependencies } from '../hearingLevel.ts'
import { ownVoice } from '../ownVoice.ts'

export type InfoDependencies = HearingDependencies & { voices(signal: AbortSignal): Promise<Voice[]> }

/** Home Assistant gives up after a second. What is not known by then is left out; the defaults always are known. */
const KNOWN_WITHIN_MS = 600

const NAME = 'quantvox'
const ENGLISH = ['en']

/** What `info` says: what hears, what speaks and what answers here, each default first, as that is what clients take. */
export async function infoOf({ stages, speechModels, voices }: InfoDependencies): Promise<object> {
  const [levels, speakers, llmModel] = await Promise.all([
    known(speechModels().then(levelNames), []),
    known(
      voices(AbortSignal.timeout(KNOWN_WITHIN_MS)).then(listed =>
        listed.filter(({ available }) => available).map(({ name }) => name),
      ),
      [],
    ),
    known(stages.settings.llmModel(), NAME),
  ])
  const { speechModel, appVersion } = stages.settings
  const artifact = (name: string, description: string, version: string | null = null) => ({
    ...{ name, description, version, installed: true },
    attribution: { name: 'Quantvox', url: '' },
  })
  const program = (description: string) => artifact(NAME, description, appVersion)
  return {
    asr: [
      {
        ...program('Speech to text on quantized models'),
        models: [...new Set([speechModel, ...levels])].map(name => ({
          ...artifact(name, name),
          languages: hearsEnglishOnly(name) ? ENGLISH : languageCodes,
        })),
        supports_transcript_streaming: true,
        requires_external_vad: true,
        prefers_auto_gain_enabled: true,
        prefers_noise_reduction_enabled: true,
      },
    ],
    tts: [
      {
        ...program('Text to speech'),
        voices: [...new Set([ownVoice(stages).name, ...speakers])]
          .flatMap(name => voiceOf(name, stages))
          .map(({ name, languages }) => ({
            ...artifact(name, name),
            // A voice without a language is none to Home Assistant.
            languages: languages ?? ENGLISH,
            speakers: null,
          })),
        supports_synthesize_streaming: true,
      },
    ],
    handle: [
      {
        ...program('Conversation with a language model'),
        // Without languages it is for all of them.
        models: [{ ...artifact(llmModel, llmModel), languages: [] }],
        supports_handled_streaming: true,
        supports_home_control: false,
      },
    ],
    ...{ intent: [], wake: [], mic: [], snd: [] },
  }
}

const levelNames = (levels: { name: string; installed: boolean }[]) =>
  levels.filter(({ installed }) => installed).map(({ name }) => name)

function voiceOf(name: string, { voice }: Stages) {
  const found = voice(name)
  return found.kind === 'speak' ? [found] : []
}

/** What the work gives, or `otherwise` where it fails or takes too long. */
function known<T>(work: Promise<T>, otherwise: T): Promise<T> {
  const settled = work.catch(() => otherwise)
  return within(settled, KNOWN_WITHIN_MS, () => otherwise)
}
