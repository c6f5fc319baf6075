import { QuantvoxError } from '../../../errors.ts'
import type { Outcome } from '../../../protocol/record.ts'
import { openAiError } from '../errors.ts'
import { type Items, newId, type UserItem } from './items.ts'
import type { Emit } from './wire/serverEvents.ts'

const UNKNOWN = new QuantvoxError('internal', 'What was said could not be understood.')

type Said = {
  item: UserItem
  startedMs: number
  stoppedMs: number
  isStopped: boolean
  isCommitted: boolean
  isTold: boolean
  failure: QuantvoxError | null
}

export type Input = ReturnType<typeof createInput>

/**
 * What is said, turn by turn, as the events of the input's buffer and the items of what was said.
 * @param ears how turns are found, and whether what was said is told, at the moment
 */
export function createInput(
  items: Items,
  emit: Emit,
  ears: () => { findsTurns: boolean; tellsTranscripts: boolean },
) {
  const turns = new Map<string, Said>()

  function commit(said: Said): void {
    if (said.isCommitted) return
    said.isCommitted = true
    const { item } = said
    const previous_item_id = items.add(item)
    emit({ type: 'input_audio_buffer.committed', previous_item_id, item_id: item.id })
    for (const type of ['conversation.item.added', 'conversation.item.done'] as const)
      emit({ type, previous_item_id, item: structuredClone(item) })
  }

  function tell(said: Said, text: string): void {
    if (said.isTold) return
    said.isTold = true
    commit(said)
    const [part] = said.item.content
    if (part?.type === 'input_audio') part.transcript = text
    if (!ears().tellsTranscripts) return
    const place = { item_id: said.item.id, content_index: 0 }
    const type = 'conversation.item.input_audio_transcription'
    if (text !== '') emit({ type: `${type}.delta`, ...place, delta: text })
    const seconds = Math.max(0, said.stoppedMs - said.startedMs) / 1000
    emit({ type: `${type}.completed`, ...place, transcript: text, usage: { type: 'duration', seconds } })
  }

  return {
    /** `positionMs`, as below, on the timeline of the session's audio. */
    started(turnId: string, positionMs: number): void {
      const item: UserItem = {
        ...{ id: newId('item'), object: 'realtime.item', status: 'completed' },
        ...{ type: 'message', role: 'user', content: [{ type: 'input_audio', transcript: null }] },
      }
      const times = { startedMs: positionMs, stoppedMs: positionMs }
      turns.set(turnId, {
        item,
        ...times,
        isStopped: false,
        isCommitted: false,
        isTold: false,
        failure: null,
      })
      if (!ears().findsTurns) return
      const audio_start_ms = Math.round(positionMs)
      emit({ type: 'input_audio_buffer.speech_started', audio_start_ms, item_id: item.id })
    },
    stopped(turnId: string, positionMs: number): void {
      const said = turns.get(turnId)
      if (said === undefined) return
      said.stoppedMs = positionMs
      said.isStopped = true
      if (!ears().findsTurns) return
      const audio_end_ms = Math.round(positionMs)
      emit({ type: 'input_audio_buffer.speech_stopped', audio_end_ms, item_id: said.item.id })
      commit(said)
    },
    /** The client says that it is whole. */
    committed(turnId: string): void {
      const said = turns.get(turnId)
      if (said !== undefined) commit(said)
    },
    understood(turnId: string, text: string): void {
      const said = turns.get(turnId)
      if (said !== undefined) tell(said, text)
    },
    failed(turnId: string, error: QuantvoxError): void {
      const said = turns.get(turnId)
      if (said !== undefined) said.failure = error
    },
    over(turnId: string, outcome: Outcome): void {
      const said = turns.get(turnId)
      turns.delete(turnId)
      // Nobody said that it was whole, and nothing was in it.
      if (said === undefined || said.isTold || !said.isCommitted) return
      if (outcome !== 'failed') {
        tell(said, '')
        return
      }
      if (!ears().tellsTranscripts) return
      const { type: kind, code, message } = openAiError(said.failure ?? UNKNOWN).error
      emit({
        type: 'conversation.item.input_audio_transcription.failed',
        ...{ item_id: said.item.id, content_index: 0 },
        error: { type: kind, code: code ?? 'internal', message },
      })
    },
    /** Nothing more is told of it. */
    forget(turnId: string): void {
      turns.delete(turnId)
    },
    /** The turn that is being said. */
    speaking: (): string | null => [...turns].find(([, { isStopped }]) => !isStopped)?.[0] ?? null,
    has: (turnId: string): boolean => turns.has(turnId),
  }
}
