import { setTimeout as sleep } from 'node:timers/promises'
import Value from 'typebox/value'
import { joinSamples, samplesIn } from '../../../server/audio/pcm.ts'
import { readClip } from '../../../server/audio/readClip.ts'
import { ServerInfo } from '../../../server/protocol/info.ts'
import {
  FALLBACK_SPEECH_MODEL,
  PREFERRED_SPEECH_MODEL,
} from '../../../server/shared/defaults/speechDefaults.ts'
import { clip } from '../../../test/support/liveServer.ts'
import { identitiesBelow, leftOver } from '../../../test/support/scriptedServer/trials.ts'
import { startBenchServer } from '../../bench/benchServer.ts'
import type { Attack } from '../attack.ts'
import { type Asker, liveAsker, restAsker, type Turn } from './askers.ts'

/** A kill comes at any moment of a turn as long as the last one, and up to a fifth later: in between, too. */
const KILLED_WITHIN_TURNS = 1.2
/** Before there was a turn. */
const FIRST_TURN_MS = 1500
/** Of silence, which ends a spoken question. */
const SILENCE_MS = 700

/** Each by the command line of its process; whether it is asked by voice. */
const engines = [
  { name: 'whisper-server', command: /^\S*whisper-server /, isSpokenTo: true },
  { name: 'moonshine', command: /moonshineServer/, isSpokenTo: true },
  { name: 'ollama serve', command: /^\S*ollama serve/, isSpokenTo: false },
  { name: "Ollama's runner", command: /^\S*ollama runner/, isSpokenTo: false },
  { name: 'flite', command: /fliteChild/, isSpokenTo: false },
  { name: 'hibari', command: /hibariChild/, isSpokenTo: false },
]
type Engine = (typeof engines)[number]
const voiceFor = (engine: string) => (engine === 'hibari' ? 'hibari:heart' : 'flite:slt')

/** Cases in which every engine is killed once over a socket and once over REST. */
export const KILLS_ROUND = 2 * engines.length

/**
 * SIGKILL to an engine of a server with real ones, in the middle of a turn in a live session or over REST, each in its turn. The
 * turn ends and has its row, whatever became of it; the next one, in the same session, is completed and has its row, too.
 */
export const killAttack: Attack = {
  name: 'kills',
  description: `Kills real engines in the middle of turns, each engine twice in ${KILLS_ROUND} cases`,
  shortCount: KILLS_ROUND,
  async start() {
    const { url, stop } = await startBenchServer({
      VOICE: 'flite:slt',
      LOG_LEVEL: 'silent',
      TEMPERATURE: '0',
    })
    // What hears and speaks by default runs already; the others are loaded when they are asked.
    await restAsker(url, { speechModel: FALLBACK_SPEECH_MODEL, voice: voiceFor('hibari') }).ask(true)
    const { samples } = await readClip(clip('azure-weather'), 60, new AbortController().signal)
    const speech = joinSamples([samples, new Int16Array(samplesIn(SILENCE_MS))])
    /** How long the last turn of each kind took that was completed, milliseconds. */
    const lastTurns = new Map<string, number>()
    return {
      async attempt(dice, number) {
        const engine = engines[number % engines.length] as Engine
        const isLive = Math.floor(number / engines.length) % 2 === 0
        const speechModel = engine.name === 'moonshine' ? PREFERRED_SPEECH_MODEL : FALLBACK_SPEECH_MODEL
        const models = { speechModel, voice: voiceFor(engine.name) }
        const asker = isLive ? await liveAsker(url, speech, models) : restAsker(url, models)
        const how = `${engine.name}, ${isLive ? 'live' : 'REST'}`
        const kind = `${isLive} ${engine.isSpokenTo}`
        const atMs = dice.below(KILLED_WITHIN_TURNS * (lastTurns.get(kind) ?? FIRST_TURN_MS))
        try {
          const { turn, wrong, turnMs } = await killIn(url, engine, asker, atMs)
          if (turn === 'completed') lastTurns.set(kind, turnMs)
          return {
            ending: `${how}: the turn ${turn}`,
            fault: wrong === null ? null : `${how}, after ${atMs} ms: ${wrong}`,
          }
        } finally {
          asker.leave()
        }
      },
      stop,
    }
  },
}

type Kill = { turn: string; wrong: string | null; turnMs: number }

async function killIn(url: string, engine: Engine, asker: Asker, atMs: number): Promise<Kill> {
  const ask = () => asker.ask(engine.isSpokenTo).catch((error: Error) => error)
  const askedAt = performance.now()
  const asked = ask().then(turn => ({ turn, turnMs: performance.now() - askedAt }))
  await sleep(atMs)
  const notKilled = await kill(url, engine)
  const { turn, turnMs } = await asked
  const next = await ask()
  const wrong =
    notKilled ??
    (await wrongWith(url, turn, ['completed', 'failed'])) ??
    (await wrongWith(url, next, ['completed']))
  return {
    turn: turn instanceof Error ? 'without an end' : (turn.errorCode ?? turn.outcome),
    wrong: wrong && `${wrong} (the turn: ${told(turn)}; the next: ${told(next)})`,
    turnMs,
  }
}

/** Ends it, and waits for its end: until then it may take requests that it never answers. */
async function kill(url: string, { command }: Engine): Promise<string | null> {
  const info: unknown = await (await fetch(`${url}/v1/info`)).json()
  Value.Assert(ServerInfo, info)
  const victims = (await identitiesBelow(info.process.pid)).filter(one => command.test(one.command))
  for (const { pid } of victims) process.kill(pid, 'SIGKILL')
  const [left = null] = await leftOver(victims)
  return victims.length === 0 ? 'it did not run' : left
}

const told = (turn: Turn | Error) => (turn instanceof Error ? turn.message : JSON.stringify(turn))

async function wrongWith(url: string, turn: Turn | Error, outcomes: string[]): Promise<string | null> {
  if (turn instanceof Error) return 'a turn did not end'
  if (!outcomes.includes(turn.outcome)) return `a turn is ${turn.outcome}`
  const row = await fetch(`${url}/v1/turns/${turn.turnId}`)
  if (row.status !== 200) return `the row of ${turn.turnId} is missing (${row.status})`
  const { outcome } = (await row.json()) as Turn
  return outcome === turn.outcome ? null : `the row of ${turn.turnId} says ${outcome}`
}
