import type { WantedItem } from './clientEvents.ts'
import { type Item, newId } from './items.ts'
import { Refusal } from './refusal.ts'

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
