import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime'

/** DTMF comes from telephones only, and is told without an id. */
export type ServerEvent = Extract<RealtimeServerEvent, { event_id: string }>
type OfType<T extends ServerEvent['type']> = Extract<ServerEvent, { type: T }>

type OpenItem = {
  id: string
  index: number
  isTold: boolean
  part: 'none' | 'open' | 'closed'
  ended: Set<string>
}
type OpenResponse = { output: string[]; item: OpenItem | null; awaitsItemDone: string | null }

/** What the beta called its events. */
const BETA = /^(?:response\.(?:audio|text|audio_transcript)\.|conversation\.(?:created|item\.created)$)/

/**
 * Holds the events of one session against the order that clients rely on, one after another; throws at the first that is out of
 * place. An out-of-band response tells of no items of the conversation.
 */
export function createOrderCheck() {
  const ids = new Set<string>()
  const items = new Set<string>()
  const input = new Map<string, 'started' | 'stopped' | 'committed' | 'added' | 'done'>()
  const transcribed = new Set<string>()
  const responses = new Map<string, OpenResponse>()
  const over = new Set<string>()
  let isFirst = true

  const must = (isRight: boolean, what: string, event: ServerEvent) => {
    if (!isRight) throw new Error(`${what}: ${JSON.stringify(event).slice(0, 300)}`)
  }

  function responseOf(event: ServerEvent & { response_id: string }): OpenResponse {
    const response = responses.get(event.response_id)
    if (response === undefined) throw new Error(`${event.type} of a response that is not open`)
    return response
  }

  function itemAdded(event: OfType<'conversation.item.added' | 'conversation.item.done'>): void {
    const id = event.item.id ?? ''
    must('previous_item_id' in event, 'it does not say where it is', event)
    const said = input.get(id)
    if (event.type === 'conversation.item.added') {
      must(!items.has(id), 'an item is added twice', event)
      if (said !== undefined) must(said === 'committed', 'an item is added before it is committed', event)
      if (said !== undefined) input.set(id, 'added')
      for (const { item } of responses.values()) if (item?.id === id) item.isTold = true
      items.add(id)
      return
    }
    must(items.has(id), 'an item is done that was not added', event)
    if (said !== undefined) must(said === 'added', 'an item is done twice', event)
    if (said !== undefined) input.set(id, 'done')
    for (const response of responses.values())
      if (response.awaitsItemDone === id) response.awaitsItemDone = null
  }

  function ofInput(event: ServerEvent): void {
    if (event.type === 'input_audio_buffer.speech_started') {
      must(!input.has(event.item_id), 'speech starts twice', event)
      input.set(event.item_id, 'started')
    } else if (event.type === 'input_audio_buffer.speech_stopped') {
      must(input.get(event.item_id) === 'started', 'speech stops that did not start', event)
      input.set(event.item_id, 'stopped')
    } else if (event.type === 'input_audio_buffer.committed') {
      const before = input.get(event.item_id)
      must(before === undefined || before === 'stopped', 'what goes on is committed', event)
      input.set(event.item_id, 'committed')
    }
  }

  function ofResponse(event: ServerEvent & { response_id: string }): void {
    const response = responseOf(event)
    const { item } = response
    if (event.type === 'response.output_item.added') {
      must(item === null && response.awaitsItemDone === null, 'two items are open', event)
      must(event.output_index === response.output.length, 'an index is wrong', event)
      response.output.push(event.item.id ?? '')
      response.item = {
        ...{ id: event.item.id ?? '', index: event.output_index, isTold: false },
        ...{ part: 'none', ended: new Set<string>() },
      }
      return
    }
    if (item === null) throw new Error(`${event.type} while no item is open`)
    const place = event as unknown as { item_id?: string; output_index: number }
    must(place.output_index === item.index, 'it is of another item', event)
    if (event.type === 'response.output_item.done') {
      must(event.item.id === item.id && item.part !== 'open', 'an item ends before its parts', event)
      response.awaitsItemDone = item.isTold ? item.id : null
      response.item = null
      return
    }
    must(place.item_id === item.id, 'it is of another item', event)
    if (/function_call_arguments/.test(event.type)) must(item.part === 'none', 'a call has parts', event)
    else if (event.type === 'response.content_part.added') {
      must(item.part === 'none', 'a part is added twice', event)
      item.part = 'open'
    } else {
      must(item.part === 'open', 'it comes outside of a part', event)
      const kind = event.type.replace(/\.(?:delta|done)$/, '')
      must(!item.ended.has(kind), 'it comes after its end', event)
      if (event.type === 'response.content_part.done') item.part = 'closed'
      else if (event.type.endsWith('.done')) item.ended.add(kind)
      if (event.type === 'response.content_part.done') must(item.ended.size > 0, 'a part ends alone', event)
    }
  }

  function responseTold(event: OfType<'response.created' | 'response.done'>): void {
    const { id = '', conversation_id: conversation, output = [] } = event.response
    if (event.type === 'response.created') {
      must(!responses.has(id) && !over.has(id), 'a response is created twice', event)
      responses.set(id, { output: [], item: null, awaitsItemDone: null })
      must(event.response.status === 'in_progress', 'it is over at once', event)
      return
    }
    const response = responses.get(id)
    if (response === undefined) throw new Error('a response is done that is not open')
    must(response.item === null && response.awaitsItemDone === null, 'it is done before its items', event)
    const told = output.map(item => item.id)
    must(JSON.stringify(told) === JSON.stringify(response.output), 'its output is another', event)
    if (conversation)
      must(
        response.output.every(one => items.has(one)),
        'an item was not added',
        event,
      )
    must(event.response.usage?.total_tokens !== undefined, 'it has no usage', event)
    responses.delete(id)
    over.add(id)
  }

  return {
    take(event: ServerEvent): void {
      must(typeof event.event_id === 'string' && !ids.has(event.event_id), 'it has no id of its own', event)
      ids.add(event.event_id)
      must(!BETA.test(event.type), 'it has a name of the beta', event)
      if (isFirst) must(/^(?:session\.created|error)$/.test(event.type), 'it comes first', event)
      isFirst = false
      if (event.type === 'conversation.item.added' || event.type === 'conversation.item.done')
        itemAdded(event)
      else if (event.type === 'response.created' || event.type === 'response.done') responseTold(event)
      else if ('response_id' in event) ofResponse(event)
      else if (event.type.startsWith('conversation.item.input_audio_transcription.')) {
        const { item_id: id } = event as OfType<'conversation.item.input_audio_transcription.completed'>
        must(items.has(id) && !transcribed.has(id), 'a transcript comes before its item or again', event)
        if (!event.type.endsWith('.delta')) transcribed.add(id)
      } else ofInput(event)
    },
    /** Ids of responses that are not done. */
    open: (): string[] => [...responses.keys()],
  }
}
