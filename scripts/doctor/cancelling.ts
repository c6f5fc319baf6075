import { request } from 'node:http'
import { encodeWav } from '../../server/audio/encodeWav.ts'
import { PCM_SAMPLE_RATE } from '../../server/audio/pcm.ts'
import { authorizationFor } from '../../server/credentials.ts'

/** So long that its decoding takes several full windows, one after another. */
const LONG_SECONDS = 90
const SHORT_SECONDS = 1
/** Into the long decoding, from when it was sent on, so that it is under way when its client leaves. */
const LEAVE_AFTER_MS = 150
const LONG_WITHIN_MS = 60_000

type Cancelling = { longMs: number; afterLeavingMs: number; cancels: boolean }

/**
 * Whether a whisper-server stops working for a client that left. It takes one request at a time, so a short one that is
 * asked right after tells: served soon, the long one was given up; else it waits for it. Figures are of this run alone.
 */
export async function tryCancelling(baseUrl: string, signal: AbortSignal): Promise<Cancelling> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(LONG_WITHIN_MS)])
  const timed = async (seconds: number) => {
    const from = performance.now()
    await decode(baseUrl, seconds, within)
    return performance.now() - from
  }
  const longMs = await timed(LONG_SECONDS)
  const shortMs = await timed(SHORT_SECONDS)
  await decode(baseUrl, LONG_SECONDS, within, LEAVE_AFTER_MS).catch(() => within.throwIfAborted())
  const afterLeavingMs = await timed(SHORT_SECONDS)
  // Nearer to the short one alone than to the short one behind the rest of the long one.
  return { longMs, afterLeavingMs, cancels: afterLeavingMs - shortMs < (longMs - LEAVE_AFTER_MS) / 2 }
}

/**
 * One decoding of quiet noise on a connection of its own, which an abort closes.
 * @param leavesAfterMs the client leaves so long after it has sent the noise, which rejects; left out, it stays
 */
async function decode(
  baseUrl: string,
  seconds: number,
  signal: AbortSignal,
  leavesAfterMs?: number,
): Promise<void> {
  const form = new FormData()
  const wav = encodeWav(noise(seconds))
  form.set('file', new Blob([new Uint8Array(wav)], { type: 'audio/wav' }), 'noise.wav')
  for (const [name, value] of Object.entries({
    response_format: 'json',
    temperature: 0,
    temperature_inc: 0,
    audio_ctx: 0,
  }))
    form.set(name, String(value))
  const encoded = new Response(form)
  const body = Buffer.from(await encoded.arrayBuffer())
  await new Promise<void>((settle, refuse) => {
    const asking = request(
      `${baseUrl}/inference`,
      {
        method: 'POST',
        agent: false,
        signal,
        headers: {
          ...authorizationFor(baseUrl),
          'content-type': encoded.headers.get('content-type') ?? '',
          'content-length': body.length,
        },
      },
      answer => answer.resume().once('end', settle).once('error', refuse),
    )
    asking.once('error', refuse)
    if (leavesAfterMs !== undefined)
      asking.once('finish', () =>
        setTimeout(() => asking.destroy(new Error('the client left')), leavesAfterMs),
      )
    asking.end(body)
  })
}

/** Always the same, so that every decoding of it takes the same time. */
function noise(seconds: number): Int16Array {
  let state = 1
  return Int16Array.from({ length: seconds * PCM_SAMPLE_RATE }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 24) - 128
  })
}
