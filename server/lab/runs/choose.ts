import { QuantvoxError } from '../../errors.ts'
import type { ComparisonRequest } from '../../protocol/comparisons.ts'
import { comparedByDefault } from '../../shared/defaults/speechDefaults.ts'
import { comparedVoicesByDefault } from '../../shared/defaults/voiceDefaults.ts'
import { withoutQuantization } from '../../shared/quantization.ts'
import type { LabDependencies } from '../dependencies.ts'
import { llmArms, speechArms } from '../measuring/arms.ts'
import { voiceArms } from '../measuring/voices/arms.ts'
import type { LlmArm, SpeechArm, VoiceArm } from '../observations.ts'
import { canBeHad, type Named } from './missing.ts'

/** What is compared with what; known before anything is measured. */
type Chosen = { speech: SpeechArm[]; llm: LlmArm[]; voices: VoiceArm[] }

/**
 * The levels, tags and voices that a request means; without names, those of the server's own default models. A request that names only some sides
 * compares only those.
 * @throws QuantvoxError `model_not_found`, what Ollama throws
 */
export async function choose(
  request: ComparisonRequest,
  lab: LabDependencies,
  signal: AbortSignal,
): Promise<Chosen> {
  const named = await namesOf(request, lab)
  for (const name of request.llmModels ?? []) {
    await lab.stages.languageModel(name, signal).catch((error: unknown) => {
      if (error instanceof QuantvoxError && error.code === 'remote_model_refused') throw error
    })
  }
  if (named.speech.length > 0 && lab.speechEngines === null) {
    throw new QuantvoxError('invalid_request', 'Speech levels cannot be compared here: SPEECH_URL is set.', {
      meaning: 'Which level a whisper-server elsewhere has loaded is not ours to choose.',
      mend: 'Unset SPEECH_URL, or compare language models only.',
    })
  }
  const levels = await lab.speechModels()
  return {
    speech: speechArms(
      named.speech,
      levels.map(level => ({ ...level, installed: canBeHad(level, levels) })),
    ),
    llm: named.llm.length === 0 ? [] : llmArms(named.llm, await lab.languageModels(signal), lab.madeFrom),
    voices: await voiceArms(named.voices, lab.voices, signal),
  }
}

/** The names that are compared: those of a request, or of the server's own default models. */
export async function namesOf(request: ComparisonRequest, lab: LabDependencies): Promise<Named> {
  const { speechModels, llmModels, voices } = request
  const { settings } = lab.stages
  const levels = await lab.speechModels()
  const familyOf = (level: string) => levels.find(({ name }) => name === level)?.family ?? level
  const speech = lab.speechEngines === null ? [] : comparedByDefault(settings.speechModel).map(familyOf)
  const isDefault = [speechModels, llmModels, voices].every(names => names === undefined)
  return {
    speech: speechModels ?? (isDefault ? speech : []),
    llm: llmModels ?? (isDefault ? [withoutQuantization(await settings.llmModel())] : []),
    voices: voices ?? (isDefault ? spokenByDefault(lab) : []),
  }
}

/** None where the page speaks, or nobody does. */
function spokenByDefault({ stages: { settings, voice } }: LabDependencies): string[] {
  return voice(settings.voice).speak === null ? [] : comparedVoicesByDefault(settings.voice)
}
