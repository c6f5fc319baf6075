import { type Item, type Items, newId } from './items.ts'
import type { ClientEvent, WantedItem } from './wire/clientEvents.ts'
import { Refusal } from './wire/refusal.ts'
import type { Emit } from './wire/serverEvents.ts'

type ItemEvent = Extract<ClientEvent, { type: `conversation.item.${string}` }>

/** What a client does to the items of its conversation. @throws Refusal */
export function actOnItems(event: ItemEvent, items: Items, emit: Emit): void {
  switch (event.type) {
    case 'conversation.item.create': {
      const item = itemOf(event.item)
      const { previous_item_id: after } = event
      const previous_item_id = items.make(item, after === 'root' ? null : after)
      for (const type of ['conversation.item.added', 'conversation.item.done'] as const)
        emit({ type, previous_item_id, item: structuredClone(item) })
      break
    }
    case 'conversation.item.retrieve':
      emit({ type: 'conversation.item.retrieved', item: structuredClone(items.get(event.item_id)) })
      break
    case 'conversation.item.truncate': {
      const { item_id, content_index, audio_end_ms } = event
      items.truncate(item_id, content_index, audio_end_ms)
      emit({ type: 'conversation.item.truncated', item_id, content_index, audio_end_ms })
      break
    }
    case 'conversation.item.delete':
      items.delete(event.item_id)
      emit({ type: 'conversation.item.deleted', item_id: event.item_id })
  }
}

/** An item as a client wants it. @throws Refusal for sound and pictures that are still to be understood */
export function itemOf(wanted: WantedItem): Item {
  const common = { id: wanted.id ?? newId('item'), object: 'realtime.item' } as const
  const status = wanted.status ?? 'completed'
  if (wanted.type === 'function_call') {
    const { call_id, name, arguments: given } = wanted
    return { ...common, status, type: 'function_call', call_id, name, arguments: given }
  }
  if (wanted.type === 'function_call_output') {
    const { call_id, output } = wanted
    return { ...common, status, type: 'function_call_output', call_id, output }
  }
  const message = { ...common, status, type: 'message' } as const
  if (wanted.role === 'user') {
    return {
      ...{ ...message, role: 'user' },
      content: wanted.content.map(part =>
        part.type === 'input_audio'
          ? { type: 'input_audio', transcript: heardBefore(part) }
          : { type: 'input_text', text: part.text ?? '' },
      ),
    }
  }
  if (wanted.role === 'assistant') {
    return {
      ...{ ...message, role: 'assistant' },
      content: wanted.content.map(({ type, text, transcript }) =>
        type === 'output_audio' || type === 'audio'
          ? { type: 'output_audio', transcript: transcript ?? '' }
          : { type: 'output_text', text: text ?? '' },
      ),
    }
  }
  const content = wanted.content.map(({ text }) => ({ type: 'input_text' as const, text: text ?? '' }))
  return { ...message, role: 'system', content }
}

type Part = Extract<WantedItem, { type: 'message' }>['content'][number]

function heardBefore({ transcript, audio }: Part): string {
  if (typeof transcript === 'string') return transcript
  const what = audio == null ? 'has neither audio nor transcript' : 'is audio without a transcript'
  throw new Refusal(
    'unsupported_content',
    `A part of the item ${what}. Append audio to the input buffer to have it heard.`,
    'item.content',
  )
}
