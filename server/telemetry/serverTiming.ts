import type { TurnRecord } from '../protocol/record.ts'

/**
 * A turn as the `Server-Timing` header (https://www.w3.org/TR/server-timing/), which browsers' developer tools draw:
 * what each stage took, in milliseconds, and when the reply was done. A stage that the turn did not pass is missing.
 */
export function serverTimingOf({ speech, llm, synthesis, fromSpeechEnd }: TurnRecord): string {
  const durations: Record<string, number | null> = {
    'speech-queue': speech.queueMs,
    speech: speech.inferenceMs,
    'llm-queue': llm.queueMs,
    'llm-first-token': llm.timeToFirstTokenMs,
    'llm-generation': llm.evalMs,
    synthesis: synthesis.inferenceMs,
    'reply-done': fromSpeechEnd.replyDoneMs,
  }
  return Object.entries(durations)
    .filter(([, ms]) => ms !== null)
    .map(([name, ms]) => `${name};dur=${ms}`)
    .join(', ')
}
