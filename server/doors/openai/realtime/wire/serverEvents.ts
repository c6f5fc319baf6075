import type { OpenAiError } from '../../errors.ts'
import type { Item } from '../items.ts'
import type { SessionShape } from './sessionShape.ts'

/** What the server says on `/v1/realtime`, without its `event_id`; OpenAI's own types are held against these in the tests. */

export type ResponseStatus = 'in_progress' | 'completed' | 'cancelled' | 'failed' | 'incomplete'

export type ResponseShape = {
  id: string
  object: 'realtime.response'
  conversation_id: string | null
  status: ResponseStatus
  status_details: StatusDetails | null
  output: Item[]
  output_modalities: ('audio' | 'text')[]
  audio: { output: { format: { type: 'audio/pcm'; rate: 24000 }; voice: string } }
  max_output_tokens: number | 'inf'
  metadata: Record<string, string> | null
  usage: Usage | null
}

export type StatusDetails = {
  type: 'cancelled' | 'failed' | 'incomplete'
  reason?: 'turn_detected' | 'client_cancelled' | 'max_output_tokens'
  error?: { type: string; code: string; message: string }
}

/** Tokens; those of the question and the answer are text, as the language model counts them. */
export type Usage = {
  total_tokens: number
  input_tokens: number
  output_tokens: number
  input_token_details: {
    cached_tokens: number
    text_tokens: number
    audio_tokens: number
    image_tokens: number
    cached_tokens_details: { text_tokens: number; audio_tokens: number; image_tokens: number }
  }
  output_token_details: { text_tokens: number; audio_tokens: number }
}

export type Part = { type: 'audio'; transcript: string } | { type: 'text'; text: string }

type OfResponse = { response_id: string; output_index: number; item_id: string }
type OfPart = OfResponse & { content_index: number }
type Transcribed = { item_id: string; content_index: number }

export type ServerEvent =
  | { type: 'session.created' | 'session.updated'; session: SessionShape }
  | { type: 'error'; error: OpenAiError['error'] & { event_id: string | null } }
  | { type: 'input_audio_buffer.speech_started'; audio_start_ms: number; item_id: string }
  | { type: 'input_audio_buffer.speech_stopped'; audio_end_ms: number; item_id: string }
  | { type: 'input_audio_buffer.committed'; previous_item_id: string | null; item_id: string }
  | { type: 'input_audio_buffer.cleared' }
  | {
      type: 'conversation.item.added' | 'conversation.item.done'
      previous_item_id: string | null
      item: Item
    }
  | { type: 'conversation.item.retrieved'; item: Item }
  | { type: 'conversation.item.truncated'; item_id: string; content_index: number; audio_end_ms: number }
  | { type: 'conversation.item.deleted'; item_id: string }
  | ({ type: 'conversation.item.input_audio_transcription.delta'; delta: string } & Transcribed)
  | ({
      type: 'conversation.item.input_audio_transcription.completed'
      transcript: string
      usage: { type: 'duration'; seconds: number }
    } & Transcribed)
  | ({
      type: 'conversation.item.input_audio_transcription.failed'
      error: { type: string; code: string; message: string }
    } & Transcribed)
  | { type: 'response.created' | 'response.done'; response: ResponseShape }
  | {
      type: 'response.output_item.added' | 'response.output_item.done'
      response_id: string
      output_index: number
      item: Item
    }
  | ({ type: 'response.content_part.added' | 'response.content_part.done'; part: Part } & OfPart)
  | ({ type: 'response.output_audio.delta'; delta: string } & OfPart)
  | ({ type: 'response.output_audio.done' } & OfPart)
  | ({ type: 'response.output_audio_transcript.delta'; delta: string } & OfPart)
  | ({ type: 'response.output_audio_transcript.done'; transcript: string } & OfPart)
  | ({ type: 'response.output_text.delta'; delta: string } & OfPart)
  | ({ type: 'response.output_text.done'; text: string } & OfPart)
  | ({ type: 'response.function_call_arguments.delta'; call_id: string; delta: string } & OfResponse)
  | ({
      type: 'response.function_call_arguments.done'
      call_id: string
      name: string
      arguments: string
    } & OfResponse)

/** Sends one event; whoever is handed it gives each an `event_id`. */
export type Emit = (event: ServerEvent) => void
