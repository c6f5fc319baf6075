import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import type { Outcome } from '../../../server/protocol/record.ts'
import type { Mode } from '../../../server/protocol/socketClient.ts'
import type { ServerMessage } from '../../../server/protocol/socketServer.ts'
import { connectLive, type LiveClient } from '../liveClient.ts'

/** Longer than a turn takes whose reply is stopped at once. */
const PATIENCE_MS = 60_000
/** Silence after a clip, beyond what ends a turn. */
const SPARE_SILENCE_MS = 300
/** Any speech interrupts: a reply under way must not make the server harder of hearing. */
const BARGE_IN_MS = 1

/** What a session heard as one turn, in so many parts, for it may go on; `text` is empty where nothing was said. */
export type HeardTurn = { text: string; parts: number; outcome: Outcome }

export type HearLiveOptions = {
  url: string
  speechModel: string
  silenceMs: number
  /** Audio by time; the socket allows 2 at most. */
  speed: number
}

/** One clip in a session of its own, without replies: what lies between `begin` and `commit`. */
export async function hearPushToTalk(samples: Int16Array, options: HearLiveOptions): Promise<HeardTurn[]> {
  return await inSession('push-to-talk', options, async client => {
    client.send({ type: 'begin' })
    await client.say(samples, options.speed)
    client.send({ type: 'commit' })
  })
}

/** One clip in a session of its own, without replies, and silence after it: as many turns as the server makes of it. */
export async function hearHandsFree(samples: Int16Array, options: HearLiveOptions): Promise<HeardTurn[]> {
  const silence = new Int16Array(samplesIn(options.silenceMs + SPARE_SILENCE_MS))
  return await inSession('hands-free', options, client =>
    client.say(joinSamples([samples, silence]), options.speed),
  )
}

async function inSession(
  mode: Mode,
  { url, speechModel, silenceMs }: HearLiveOptions,
  talk: (client: LiveClient) => Promise<void>,
): Promise<HeardTurn[]> {
  const [endpointing, bargeIn] = [{ mode: 'silence' as const, silenceMs }, { minSpeechMs: BARGE_IN_MS }]
  const settings = { mode, speechModel, voice: 'none', endpointing, bargeIn }
  const client = await connectLive(url, settings)
  const turns = collectTurns(client)
  try {
    await talk(client)
    return await turns.whenOver()
  } finally {
    client.close()
  }
}

/** The turns of a session in the order in which they began; stops the reply to each, which is not what is measured. */
function collectTurns(client: LiveClient): { whenOver(): Promise<HeardTurn[]> } {
  const turns = new Map<string, { text: string; parts: number; outcome: Outcome | null }>()
  let failure: Error | null = null
  let changed = Promise.withResolvers<void>()

  function take(message: ServerMessage): void {
    if (message.type === 'speech.started') turns.set(message.turnId, { text: '', parts: 0, outcome: null })
    if (message.type === 'error') failure = new Error(message.message)
    const turn = 'turnId' in message ? turns.get(message.turnId ?? '') : undefined
    if (turn === undefined) return
    if (message.type === 'speech.stopped') turn.parts++
    if (message.type === 'transcript.final') {
      turn.text = message.text
      client.send({ type: 'interrupt', turnId: message.turnId })
    }
    if (message.type === 'turn.done') turn.outcome = message.outcome
  }

  client.watch(message => {
    if (message instanceof Error) failure ??= message
    else take(message)
    changed.resolve()
    changed = Promise.withResolvers()
  })

  return {
    async whenOver() {
      const giveUp = AbortSignal.timeout(PATIENCE_MS)
      giveUp.addEventListener('abort', () => changed.resolve())
      for (;;) {
        if (failure !== null) throw failure
        const over = [...turns.values()].flatMap(({ outcome, ...turn }) =>
          outcome ? [{ ...turn, outcome }] : [],
        )
        if (over.length === turns.size) return over
        if (giveUp.aborted) throw new Error(`a turn did not end within ${PATIENCE_MS} ms`)
        await changed.promise
      }
    },
  }
}
