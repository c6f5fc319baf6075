import type { ServerMessage } from '../../server/protocol/socketServer.ts'
import type { Bar, Stage } from './waterfallBars.ts'

/** What is known of a turn's waits while it goes on: moments of the page's own clock, milliseconds. */
export type Waits = {
  /** Speech end; of a typed turn the moment when it was sent. */
  beganMs: number
  /** The server took the turn for over; null of a typed one. */
  decidedMs: number | null
  transcriptMs: number | null
  firstTokenMs: number | null
  firstAudioMs: number | null
  playbackMs: number | null
  /** Nobody waits for anything any more, though not everything came. */
  endedMs: number | null
}

const nothingYet = {
  ...{ decidedMs: null, transcriptMs: null, firstTokenMs: null },
  ...{ firstAudioMs: null, playbackMs: null, endedMs: null },
}

/** Of a question that was typed. */
export const typedWaits = (nowMs: number): Waits => ({ ...nothingYet, beganMs: nowMs })

/** Of one that was spoken, as the server takes it for over. Its speech ended a while ago. */
export const spokenWaits = (speechEndMs: number, nowMs: number): Waits => ({
  ...nothingYet,
  beganMs: Math.min(speechEndMs, nowMs),
  decidedMs: nowMs,
})

/** What a message of its turn changes; a question that goes on is waited for no more. */
export function waitsAfter(waits: Waits | null, message: ServerMessage, nowMs: number): Waits | null {
  if (waits === null || message.type === 'reopened') return null
  switch (message.type) {
    case 'transcript.final':
      return { ...waits, transcriptMs: nowMs }
    case 'reply.delta':
      return { ...waits, firstTokenMs: waits.firstTokenMs ?? nowMs }
    case 'audio.started':
      return { ...waits, firstAudioMs: waits.firstAudioMs ?? nowMs }
    case 'interrupted':
    case 'error':
      return { ...waits, endedMs: waits.endedMs ?? nowMs }
    default:
      return waits
  }
}

/**
 * The bars of a turn that goes on, up to now: coarser than those of its record, which has what only the server knows. The last
 * one grows until what it waits for is there. With `speaks` that is the sound of the answer, else its first word.
 */
export function liveBars(waits: Waits, nowMs: number, speaks: boolean): Bar[] {
  const { beganMs, decidedMs, transcriptMs, firstTokenMs, firstAudioMs, playbackMs, endedMs } = waits
  const untilMs = endedMs ?? nowMs
  const stages: [id: string, label: string, stage: Stage, overMs: number | null][] = [
    ...(decidedMs === null
      ? []
      : ([
          ['silence', 'Silence waited', 'silence', decidedMs],
          ['transcription', 'Transcription', 'speech', transcriptMs ?? firstTokenMs],
        ] as [string, string, Stage, number | null][])),
    ['firstToken', 'First token', 'llm', firstTokenMs ?? firstAudioMs ?? playbackMs],
    ...(speaks
      ? ([
          ['firstAudio', 'First audio', 'voice', firstAudioMs ?? playbackMs],
          ['playbackStart', 'Playback', 'voice', playbackMs],
        ] as [string, string, Stage, number | null][])
      : []),
  ]
  const bars: Bar[] = []
  let reachedMs = beganMs
  for (const [id, label, stage, overMs] of stages) {
    const endMs = Math.max(reachedMs, overMs ?? untilMs)
    const ms = endMs - reachedMs
    bars.push({ id, label, stage, startMs: reachedMs - beganMs, endMs: endMs - beganMs, ms, hiddenMs: 0 })
    reachedMs = endMs
    if (overMs === null) break
  }
  return bars
}

/** Whether somebody still waits. */
export function isWaiting(waits: Waits, speaks: boolean): boolean {
  return waits.endedMs === null && (speaks ? waits.playbackMs : waits.firstTokenMs) === null
}
