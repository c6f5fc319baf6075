import { createListener, type ListenerEvent, type ListenerOptions } from './listener.ts'
import { frameSamples, type VoiceActivity } from './voiceActivity.ts'

/**
 * Utterances in live audio, as they begin, pause and end. The frames decide alone: nothing depends on when they come.
 *
 * @param frames 512 samples each (mono, 16 kHz); see `framesOf` for other chunks
 */
export async function* detectSpeech(
  activity: VoiceActivity,
  frames: AsyncIterable<Int16Array>,
  options: ListenerOptions,
  signal: AbortSignal,
): AsyncGenerator<ListenerEvent> {
  const listener = createListener(activity.open(), options)
  for await (const frame of frames) {
    signal.throwIfAborted()
    const event = await listener.push(frame)
    if (event !== null) yield event
  }
  signal.throwIfAborted()
  const last = listener.end()
  if (last !== null) yield last
}

/** Whole frames of chunks of any length; an incomplete last one is filled up with silence. */
export async function* framesOf(chunks: AsyncIterable<Int16Array>): AsyncGenerator<Int16Array> {
  let frame = new Int16Array(frameSamples)
  let filled = 0
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; ) {
      const part = chunk.subarray(offset, offset + frameSamples - filled)
      frame.set(part, filled)
      filled += part.length
      offset += part.length
      if (filled < frameSamples) break
      yield frame
      frame = new Int16Array(frameSamples)
      filled = 0
    }
  }
  if (filled > 0) yield frame
}
