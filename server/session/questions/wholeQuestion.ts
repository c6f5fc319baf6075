import type { Conversation } from '../../conversation/conversations.ts'
import { QuantvoxError } from '../../errors.ts'
import { listedTag } from '../../llm/tagNames.ts'
import type { TurnChoices } from '../../protocol/turns.ts'
import { orFound } from '../../spokenLanguage.ts'
import { withinPatience } from '../patience.ts'
import type { Active } from '../settings.ts'
import { type Clip, hearClip } from './clip.ts'
import type { AskedFor } from './question.ts'

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

/** A clip, or what was typed. */
export type WholeInput = Clip | { text: string }

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

    async function hear({ decode }: Clip): Promise<string | null> {
      const kept: Clip = {
        async decode(until) {
          const audio = await decode(until)
          clip = audio.samples
          return audio
        },
      }
      const { text } = await hearClip(kept, choices, context, hearing)
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
          const text = 'text' in input ? input.text.trim() : await hear(input)
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
