import type { DecodedAudio } from '../../audio/decodedAudio.ts'
import type { Conversation } from '../../conversation/conversations.ts'
import { QuantvoxError } from '../../errors.ts'
import { listedTag } from '../../llm/tagNames.ts'
import type { TurnChoices } from '../../protocol/turns.ts'
import { recognizeClip, type SpeechLevel } from '../../recognition/recognizer.ts'
import { inheritedBy, orFound, refuseUnheard } from '../../spokenLanguage.ts'
import { withinPatience } from '../patience.ts'
import type { Active } from '../settings.ts'
import { type AskedFor, type QuestionContext, recordLevel, recordTranscript } from './question.ts'
import { tellIfQuiet } from './quietMicrophone.ts'

/** A typed question of a session, with what is in force when it comes. */
export function typedQuestion(
  text: string,
  { settings, conversation }: Active,
  arrivedAtMs: number,
): AskedFor {
  return ({ stages, turn, signal }) => {
    turn.timeline.mark('speechEnd', arrivedAtMs)
    return {
      samples: () => null,
      async understand() {
        turn.draft.llm.model = settings.llmModel
        const model = await stages.languageModel(settings.llmModel, signal)
        const { language, voice } = settings
        return { text: text.trim(), language, model, voice: stages.voice(voice), conversation }
      },
    }
  }
}

/** A clip still to be decoded, so that a clip that is no audio still leaves its row; or what was typed. */
export type WholeInput = { decode(signal: AbortSignal): Promise<DecodedAudio> } | { text: string }

/** A question that comes with its own choices of models and voice, and is asked once. */
export function chosenQuestion(
  input: WholeInput,
  choices: TurnChoices,
  conversation: Conversation,
  arrivedAtMs: number,
): AskedFor {
  return context => {
    const { stages, turn, signal } = context
    turn.timeline.mark('speechEnd', arrivedAtMs)
    const typedIn = choices.language === undefined ? stages.settings.language : orFound(choices.language)
    let clip: Int16Array | null = null
    // A question that asks for what there is not is refused before it is heard.
    const refused = new AbortController()
    const hearing = AbortSignal.any([signal, refused.signal])

    async function hear(decode: (until: AbortSignal) => Promise<DecodedAudio>): Promise<string | null> {
      const speechModel = choices.speechModel ?? stages.settings.speechModel
      const language =
        choices.language === undefined
          ? inheritedBy(speechModel, stages.settings.language)
          : orFound(choices.language)
      turn.draft.speech.model = speechModel
      refuseUnheard(speechModel, language)
      const level = withinPatience(stages.speechLevel(speechModel, hearing))
      level.catch(() => {})
      const audio = await decode(hearing)
      clip = audio.samples
      const text = await transcribe(audio, await level, language, context, hearing)
      if (text !== null) context.sink.tell({ type: 'transcript.final', turnId: turn.turnId, text })
      return text
    }

    return {
      samples: () => clip,
      async understand() {
        try {
          const voice = stages.voice(choices.voice ?? stages.settings.voice)
          const llmModel = choices.llmModel ?? (await withinPatience(stages.settings.llmModel()))
          turn.draft.llm.model = listedTag(llmModel)
          const finding = withinPatience(stages.languageModel(llmModel, signal))
          finding.catch((error: unknown) => {
            if (error instanceof QuantvoxError && error.code === 'model_not_found') refused.abort(error)
          })
          const text = 'text' in input ? input.text.trim() : await hear(input.decode)
          const language = 'text' in input ? typedIn : (turn.draft.speech.language ?? null)
          return text === null ? null : { text, language, model: await finding, voice, conversation }
        } catch (error) {
          refused.signal.throwIfAborted()
          throw error
        }
      },
    }
  }
}

/** What was said in a whole clip, or null for "nothing". Figures go into the turn. */
async function transcribe(
  { samples, durationMs: audioMs }: DecodedAudio,
  model: SpeechLevel,
  language: string | null,
  { stages, turn, sink }: QuestionContext,
  signal: AbortSignal,
): Promise<string | null> {
  const { speech } = turn.draft
  recordLevel(turn, model)
  speech.audioMs = audioMs
  if (samples.length === 0) {
    speech.speechMs = 0
    return null
  }
  const find = async () => {
    const found = await stages.findSpeech(samples, signal)
    tellIfQuiet(turn.turnId, samples, found, sink)
    return found
  }
  const options = { model, language, owner: turn.owner }
  const transcript = await recognizeClip(stages.recognizer, samples, find, options, signal)
  return recordTranscript(turn, transcript, sink)
}
