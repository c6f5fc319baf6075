import { randomBytes } from 'node:crypto'
import { Refusal } from './wire/refusal.ts'

/** What a conversation is made of, as clients see it. */

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'
type Common = { id: string; object: 'realtime.item'; status: ItemStatus }

export type UserPart =
  | { type: 'input_text'; text: string }
  /** The key is always there: clients refuse an item without it. */
  | { type: 'input_audio'; transcript: string | null }
export type AssistantPart =
  | { type: 'output_audio'; transcript: string }
  | { type: 'output_text'; text: string }

export type UserItem = Common & { type: 'message'; role: 'user'; content: UserPart[] }
export type AssistantItem = Common & { type: 'message'; role: 'assistant'; content: AssistantPart[] }
export type SystemItem = Common & {
  type: 'message'
  role: 'system'
  content: { type: 'input_text'; text: string }[]
}
export type FunctionCall = Common & {
  type: 'function_call'
  call_id: string
  name: string
  /** JSON. */
  arguments: string
}
export type FunctionCallOutput = Common & { type: 'function_call_output'; call_id: string; output: string }
export type Item = UserItem | AssistantItem | SystemItem | FunctionCall | FunctionCallOutput

/** One more of the client or of its speech is refused, and the oldest have no room in any prompt by then; replies under way have room. */
const MAX_ITEMS = 2000
/** Of JSON, of items that the client makes: those of its speech and of replies must not fail by what it made. */
const MAX_MADE_BYTES = 4 * 2 ** 20

export const newId = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`

export type Items = ReturnType<typeof createItems>

/** The items of a conversation in their order. */
export function createItems() {
  const items: Item[] = []
  /** Milliseconds of audio that were sent of those that were spoken. */
  const audioMs = new Map<string, number>()
  /** Bytes of those that the client made. */
  const made = new Map<string, number>()
  let madeBytes = 0
  const at = (id: string) => items.findIndex(item => item.id === id)

  function found(id: string, code: 'retrieve' | 'delete' | 'truncate'): Item {
    const item = items[at(id)]
    if (item !== undefined) return item
    throw new Refusal(`item_${code}_invalid_item_id`, `There is no item "${id.slice(0, 60)}".`, 'item_id')
  }

  /** @throws Refusal where nothing more may begin */
  function refuseFull(): void {
    if (items.length < MAX_ITEMS) return
    const message = `A conversation has ${MAX_ITEMS} items at most. Delete some, or begin another session.`
    throw new Refusal('conversation_full', message, 'item')
  }

  return {
    refuseFull,
    all: (): readonly Item[] => items,
    last: (): Item | undefined => items.at(-1),
    /** Adds one that the client made. @throws Refusal */
    make(item: Item, previousId?: string | null): string | null {
      refuseFull()
      const bytes = JSON.stringify(item).length
      if (madeBytes + bytes > MAX_MADE_BYTES) {
        const message = `The items of a conversation have ${MAX_MADE_BYTES / 2 ** 20} MiB at most.`
        throw new Refusal('conversation_full', message, 'item')
      }
      const before = this.add(item, previousId)
      madeBytes += bytes
      made.set(item.id, bytes)
      return before
    },
    /**
     * Puts it behind `previousId`: undefined is the end, null the front; gives the id of the item before it.
     * @throws Refusal
     */
    add(item: Item, previousId?: string | null): string | null {
      if (at(item.id) >= 0) {
        const message = `There is an item "${item.id}" already.`
        throw new Refusal('item_create_duplicate_item_id', message, 'item.id')
      }
      const before = previousId === undefined ? items.length - 1 : previousId === null ? -1 : at(previousId)
      if (typeof previousId === 'string' && before < 0) {
        const message = `There is no item "${previousId.slice(0, 60)}".`
        throw new Refusal('item_create_invalid_previous_item_id', message, 'previous_item_id')
      }
      items.splice(before + 1, 0, item)
      return items[before]?.id ?? null
    },
    before: (id: string): string | null => items[at(id) - 1]?.id ?? null,
    /** @throws Refusal */
    get: (id: string): Item => found(id, 'retrieve'),
    /** @throws Refusal */
    delete(id: string): void {
      found(id, 'delete')
      items.splice(at(id), 1)
      audioMs.delete(id)
      madeBytes -= made.get(id) ?? 0
      made.delete(id)
    },
    sentAudio(id: string, ms: number): void {
      if (at(id) >= 0) audioMs.set(id, (audioMs.get(id) ?? 0) + ms)
    },
    /**
     * What was not heard of a spoken answer is no longer said: of its words that share is kept which its audio had.
     * @throws Refusal also where it has less audio
     */
    truncate(id: string, contentIndex: number, audioEndMs: number): void {
      const item = found(id, 'truncate')
      const part =
        item.type === 'message' && item.role === 'assistant' ? item.content[contentIndex] : undefined
      if (part?.type !== 'output_audio') {
        throw new Refusal('invalid_value', 'Only spoken answers can be cut short.', 'content_index')
      }
      const sentMs = audioMs.get(id) ?? 0
      // Players count in whole milliseconds.
      if (audioEndMs > Math.ceil(sentMs)) {
        const message = `Its audio of ${Math.round(sentMs)} ms is shorter than ${audioEndMs} ms.`
        throw new Refusal('invalid_value', message, 'audio_end_ms')
      }
      part.transcript = shareOf(part.transcript, sentMs === 0 ? 0 : audioEndMs / sentMs)
      audioMs.set(id, audioEndMs)
    },
  }
}

/** The first part of a text, to the end of a word. */
function shareOf(text: string, share: number): string {
  if (share >= 1) return text
  const cut = text.slice(0, Math.floor(text.length * share))
  if (/\s/.test(text[cut.length] ?? ' ')) return cut.trimEnd()
  // A regular expression from the front would be quadratic in a run of spaces.
  let end = cut.length
  while (end > 0 && !/\s/.test(cut.charAt(end - 1))) end--
  return cut.slice(0, end).trimEnd()
}
