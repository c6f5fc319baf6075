import type { SpokenAudio } from '../../audio/pcm.ts'
import type { Conversation } from '../../conversation/conversations.ts'
import type { Asking, ChatMessage } from '../../conversation/prompt.ts'
import type { QuantvoxError } from '../../errors.ts'
import { listedTag } from '../../llm/tagNames.ts'
import type { ToolCall } from '../../llm/toolCalls.ts'
import type { TurnRecord } from '../../protocol/record.ts'
import type { ReplyAudio } from '../../record/replyAudio.ts'
import type { Voice } from '../../voice/voice.ts'
import { runOnce } from '../askOnce.ts'
import type { Sink } from '../events.ts'
import { withinPatience } from '../patience.ts'
import { type Clip, hearClip } from '../questions/clip.ts'
import type { AskedFor } from '../questions/question.ts'
import { createChannel } from './channel.ts'
import { nobody } from './hear.ts'
import type { PartContext } from './recorded.ts'

/** A message with what is said in it, which stands behind its text. */
export type ChatInput = { message: ChatMessage; clips: Clip[] }

export type ChatAsked = {
  messages: ChatInput[]
  llmModel: string
  asking: Asking
  voice: Voice
}

export type ChatEvent =
  | { type: 'text'; text: string }
  /** All of it; what came before may have been taken back. */
  | { type: 'whole'; text: string }
  | { type: 'calls'; calls: readonly ToolCall[] }
  | { type: 'audio'; audio: SpokenAudio }
  | { type: 'done'; record: TurnRecord }

/** The client has the conversation. */
const conversationOf = (messages: ChatMessage[], asking: Asking): Conversation => ({
  id: 'elsewhere',
  turns: () => [],
  prompt: () => messages,
  foresee: () => messages,
  asking: () => asking,
  observe: () => {},
  append: () => {},
  announced: () => {},
})

/**
 * A whole turn in a conversation that the client has: messages in, the reply out as it comes, its row written before the last event.
 * Who leaves the stream interrupts it.
 * @throws QuantvoxError
 */
export async function* chat(
  asked: ChatAsked,
  { stages, log, source, turnId, arrivedAtMs, replies }: PartContext & { replies: ReplyAudio },
  signal: AbortSignal,
): AsyncGenerator<ChatEvent, void, undefined> {
  const channel = createChannel<ChatEvent>()
  const left = new AbortController()
  let failure: QuantvoxError | null = null
  const sink: Sink = {
    tell(event) {
      if (event.type === 'reply.delta') void channel.put({ type: 'text', text: event.text })
      else if (event.type === 'reply.done') void channel.put({ type: 'whole', text: event.text })
      else if (event.type === 'calls') void channel.put({ type: 'calls', calls: event.calls })
      else if (event.type === 'error' && event.error.code !== 'empty_reply') failure = event.error
      else if (event.type === 'turn.done' && failure === null) {
        void channel.put({ type: 'done', record: event.timings })
      }
    },
    async play({ samples, sampleRate }) {
      await channel.put({ type: 'audio', audio: { samples, sampleRate } })
      return true
    },
  }
  const question = chatQuestion(asked, arrivedAtMs)
  const over = runOnce(
    { question, conversationId: turnId, source, arrivedAtMs, turnId },
    { stages, replies, sink, log },
    AbortSignal.any([signal, left.signal]),
  ).finally(channel.end)
  try {
    yield* channel.items()
    if (failure !== null) throw failure
  } finally {
    left.abort(new Error('the client left'))
    await over
  }
}

function chatQuestion({ messages, llmModel, asking, voice }: ChatAsked, arrivedAtMs: number): AskedFor {
  return ({ stages, turn, signal }) => {
    turn.timeline.mark('speechEnd', arrivedAtMs)
    return {
      samples: () => null,
      async understand() {
        turn.draft.llm.model = listedTag(llmModel)
        const finding = withinPatience(stages.languageModel(llmModel, signal))
        finding.catch(() => {})
        const given: ChatMessage[] = []
        for (const { message, clips } of messages) {
          const said = [message.content]
          for (const clip of clips)
            said.push((await hearClip(clip, {}, { stages, turn, sink: nobody }, signal)).text ?? '')
          given.push({ ...message, content: said.filter(text => text !== '').join('\n') })
        }
        const asked = given.findLastIndex(({ role }) => role === 'user')
        const text = given[asked]?.content ?? ''
        // Sound in which nobody says anything is no question.
        if (text === '' && (messages[asked]?.clips.length ?? 0) > 0) return null
        const language = turn.draft.speech.language ?? null
        const conversation = conversationOf(given, asking)
        return { text, language, model: await finding, voice, conversation }
      },
    }
  }
}
