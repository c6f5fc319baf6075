import { requestWhisper } from '../../server/recognition/whisper/whisperServer.ts'
import { FULL_WINDOW } from '../../server/recognition/whisper/window.ts'

/** One decoding of a clip; `ms` is request to answer. */
export type Decoding = { text: string; passes: number; ms: number }

/** The whole clip with the full window and nothing else: the floor that our recognizer is held against. */
export async function decodeText(
  baseUrl: string,
  samples: Int16Array,
  signal: AbortSignal,
): Promise<Decoding> {
  const started = performance.now()
  const answer = await requestWhisper(
    baseUrl,
    { samples, audioContext: FULL_WINDOW, timestamps: false, language: 'en', timeoutMs: 120_000 },
    signal,
  )
  const text = answer.segments.map(segment => segment.text).join('')
  return { text: text.replace(/\s+/g, ' ').trim(), passes: 1, ms: performance.now() - started }
}
