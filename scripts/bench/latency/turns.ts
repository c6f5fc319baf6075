import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import type { SpeechEngineLease } from '../../../server/engineLease.ts'
import type { Flite } from '../../../server/engines/flite/flite.ts'
import type { FromSpeechEnd, TurnRecord } from '../../../server/protocol/record.ts'
import type { FieldStatistics } from '../../../server/protocol/turnQueries.ts'
import { describe } from '../../../server/record/statistics.ts'
import type { LiveClient } from '../liveClient.ts'
import { languageFloor, speechFloor, voiceFloor } from './floors.ts'

/** A model that rambles is not waited for: its last token says nothing of latency. */
const REPLY_PATIENCE_MS = 2000
/** From the end of a clip; in a clip in which the server hears nothing no turn begins, so none ends. */
const TURN_PATIENCE_MS = 60_000

export type LatencyClip = { file: string; samples: Int16Array; audioMs: number }

export type LatencyFigures = Awaited<ReturnType<typeof measureLatency>>

export type LatencyRun = {
  client: LiveClient
  speech: string
  llm: string
  numCtx: number
  clips: LatencyClip[]
  rounds: number
  /** A whisper-server with the same level that nobody else uses. */
  engine: Pick<SpeechEngineLease, 'baseUrl'>
  /** A flite that nobody else uses, and which of its voices speaks; null where another voice speaks. */
  flite: { engine: Pick<Flite, 'speak'>; voice: string } | null
  signal: AbortSignal
}

type Measured = {
  record: TurnRecord
  speechFloorMs: number
  languageFloorMs: number
  voiceFloorMs: number | null
}

/** Asks every clip `rounds` times, each in a conversation of its own, and measures the floors right after each turn. */
export async function measureLatency(run: LatencyRun) {
  const measured: Measured[] = []
  let leftOut = 0
  for (let round = 0; round < run.rounds; round++) {
    for (const clip of run.clips) {
      const asked = await ask(run.client, clip)
      if (asked === null) leftOut++
      else measured.push(await withFloors(asked, clip, run))
    }
  }
  const of = (read: (turn: Measured) => number | null) =>
    describe(
      measured
        .map(read)
        .filter(value => value !== null)
        .toSorted((a, b) => a - b),
    )
  const names = Object.keys(measured[0]?.record.fromSpeechEnd ?? {}) as (keyof FromSpeechEnd)[]
  const fromSpeechEnd = Object.fromEntries(
    names.map(name => [name, of(({ record }) => record.fromSpeechEnd[name])]),
  ) as Record<keyof FromSpeechEnd, FieldStatistics>
  return {
    speech: run.speech,
    llm: run.llm,
    turns: measured.length,
    /** Turns that were not: nothing was recognized, or a clip with pauses gave more than one. */
    leftOut,
    fromSpeechEnd,
    inferenceMs: of(({ record }) => record.speech.inferenceMs),
    speechFloorMs: of(turn => turn.speechFloorMs),
    timeToFirstTokenMs: of(({ record }) => record.llm.timeToFirstTokenMs),
    languageFloorMs: of(turn => turn.languageFloorMs),
    /** First token, less the silence waited, what of the decoding did not fit into it, and the floor of the LLM. */
    overheadMs: of(({ record, languageFloorMs }) => less(record, languageFloorMs)),
    /** The same with the LLM's time to first token of that very turn in place of the floor: what the server itself adds. */
    ownMs: of(({ record }) => less(record, record.llm.timeToFirstTokenMs)),
    /** First clause to the first byte of its audio sent. */
    voiceMs: of(({ record }) => voiceMsOf(record)),
    voiceFloorMs: of(turn => turn.voiceFloorMs),
    /** The difference of the two, turn by turn. */
    voiceOverheadMs: of(({ record, voiceFloorMs }) => {
      const voiceMs = voiceMsOf(record)
      return voiceMs === null || voiceFloorMs === null ? null : voiceMs - voiceFloorMs
    }),
  }
}

function less({ fromSpeechEnd }: TurnRecord, languageMs: number | null): number | null {
  const { firstTokenMs, turnDecidedMs, transcriptMs } = fromSpeechEnd
  if (firstTokenMs === null || turnDecidedMs === null || transcriptMs === null || languageMs === null)
    return null
  return firstTokenMs - Math.max(turnDecidedMs, transcriptMs) - languageMs
}

function voiceMsOf({ fromSpeechEnd: { firstClauseMs, firstAudioMs } }: TurnRecord): number | null {
  return firstClauseMs === null || firstAudioMs === null ? null : firstAudioMs - firstClauseMs
}

type Asked = { record: TurnRecord; question: string; reply: string }

/** One question; its reply is stopped once its first audio came and its last token, or a while passed. Null where there was no reply. */
async function ask(client: LiveClient, clip: LatencyClip): Promise<Asked | null> {
  client.send({ type: 'configure', requestId: clip.file, conversationId: randomUUID() })
  await client.next('configured')
  let reply = ''
  const listening = client.watch(message => {
    if (!(message instanceof Error) && message.type === 'reply.delta') reply += message.text
  })
  const done = client.next('turn.done')
  const final = client.next('transcript.final')
  const whole = client.next('reply.done')
  const enough = client.next('audio.started').then(() => Promise.race([whole, sleep(REPLY_PATIENCE_MS)]))
  void enough.then(() => client.send({ type: 'interrupt' })).catch(() => {})
  const quiet = new Int16Array(samplesIn(300))
  const patience = sleep(clip.audioMs + TURN_PATIENCE_MS, null, { ref: false })
  const ended = Promise.race([done, patience])
  await client.play(joinSamples([quiet, clip.samples]), ended)
  const turn = await ended
  listening.stop()
  if (turn === null) {
    process.stdout.write(
      `${clip.file}: nothing was heard within ${TURN_PATIENCE_MS / 1000} s of its end; left out\n`,
    )
    return null
  }
  const { timings, outcome } = turn
  if (timings.fromSpeechEnd.firstTokenMs === null || outcome === 'no-speech') return null
  const { text } = await final
  return { record: timings, question: text, reply }
}

async function withFloors(
  { record, question, reply }: Asked,
  clip: LatencyClip,
  run: LatencyRun,
): Promise<Measured> {
  const { engine, flite, llm, numCtx, signal } = run
  const audioMs = record.speech.audioMs ?? clip.audioMs
  const host = record.llm.host ?? ''
  return {
    record,
    speechFloorMs: await speechFloor(engine, clip.samples, audioMs, signal),
    languageFloorMs: await languageFloor(host, llm, numCtx, question, signal),
    voiceFloorMs: flite && (await voiceFloor(flite.engine, flite.voice, reply, signal)),
  }
}
