import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import { connectLive, FRAME_MS } from '../liveClient.ts'
import type { SpeechClip } from '../speechClips.ts'
import { atRealtimeRate, connectRealtime } from './realtimeClient.ts'

const SILENCE_MS = 500
/** The voice activity hears the room first. */
const QUIET_MS = 300
/**
 * Sound comes in packets of 20 ms and is heard in frames of 32: what a resampler holds back, 2 ms, costs a whole packet or nothing, by how
 * they lie. So every question begins elsewhere in its packet.
 */
const STEP_MS = 7
/** No reply came. */
const PATIENCE_MS = 20_000

/** Who streams a question, and is told of the reply's first token. */
type Door = {
  /** Makes of the samples (mono, 16 kHz) what is sent: what a client does beforehand is no time of the server. */
  prepare(samples: Int16Array): Int16Array
  play(prepared: Int16Array, until: Promise<unknown>): Promise<void>
  firstToken: Promise<unknown>
  close(): void
}

const ours = async (url: string): Promise<Door> => {
  const endpointing = { mode: 'silence' as const, silenceMs: SILENCE_MS }
  const client = await connectLive(url, { mode: 'hands-free', endpointing })
  return { ...client, prepare: samples => samples, firstToken: client.next('reply.delta') }
}

const realtime = async (url: string): Promise<Door> => {
  const client = await connectRealtime(url, SILENCE_MS)
  const firstToken = client.next('response.output_audio_transcript.delta')
  return { prepare: atRealtimeRate, play: client.playRecorded, firstToken, close: client.close }
}

/** Milliseconds from the last voiced sample to the first token, of the same clips in turns through either door, pair by pair. */
export async function measureFirstTokens(url: string, clips: readonly SpeechClip[], rounds: number) {
  const pairs: { oursMs: number; realtimeMs: number }[] = []
  for (let round = 0; round < rounds; round++) {
    for (const [index, clip] of clips.entries()) {
      // Whoever is second finds the engines as the first left them.
      const isOursFirst = (round + index) % 2 === 0
      const quietMs = QUIET_MS + ((pairs.length * STEP_MS) % FRAME_MS)
      const first = await ask(await (isOursFirst ? ours : realtime)(url), clip, quietMs)
      const second = await ask(await (isOursFirst ? realtime : ours)(url), clip, quietMs)
      if (first === null || second === null) continue
      const [oursMs, realtimeMs] = isOursFirst ? [first, second] : [second, first]
      pairs.push({ oursMs, realtimeMs })
    }
  }
  return pairs
}

async function ask(door: Door, { samples, found }: SpeechClip, quietMs: number): Promise<number | null> {
  const { firstToken, prepare, play, close } = door
  firstToken.catch(() => {})
  const late = Promise.withResolvers<null>()
  const timer = setTimeout(late.resolve, PATIENCE_MS, null)
  const prepared = prepare(joinSamples([new Int16Array(samplesIn(quietMs)), samples]))
  const startedAt = performance.now()
  const told = Promise.race([firstToken.then(() => performance.now()), late.promise])
  try {
    await play(prepared, told)
    const at = await told
    return at === null ? null : at - startedAt - quietMs - (found.lastVoicedMs ?? 0)
  } finally {
    clearTimeout(timer)
    close()
  }
}
