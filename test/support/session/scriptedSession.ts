import { toQuantvoxError } from '../../../server/errors.ts'
import type { ClientMessage } from '../../../server/protocol/socketClient.ts'
import { createSession } from '../../../server/session/session.ts'
import { scriptedDetector } from '../hearing/fakeDetector.ts'
import { type LogLine, quietLog } from '../quietLog.ts'
import type { VirtualTime } from '../virtualTime.ts'
import { createScriptedListener } from './scriptedListener.ts'
import { createScriptedWorld, DEAF_MS, type ScriptedWorld } from './scriptedWorld.ts'
import type { Message, Setup, Sound, Step, Whose, World } from './sessionSteps.ts'

const RATE = 16_000
const loud = new Int16Array(RATE).fill(8000)
const quiet = new Int16Array(RATE)

/** A session with everything around it scripted, and the door that it is used through. */
export type ScriptedSession = ScriptedWorld & {
  lines: LogLine[]
  /** When the microphone's audio up to there arrived. */
  frames: { endMs: number; atMs: number }[]
  start(): Promise<void>
  perform(step: Step): Promise<void>
  change(world: Partial<World>): void
  isStarted(): boolean
  /** The door has closed the session, or will once its turns are over. */
  isEnding(): boolean
  end(): Promise<void>
  finish(): Promise<void>
}

export function openScriptedSession(setup: Setup, time: VirtualTime): ScriptedSession {
  const scripted = createScriptedWorld(setup, time)
  const { world, see, seen, stages } = scripted
  const log = quietLog()
  const frames: ScriptedSession['frames'] = []
  let typed = 0
  let requests = 0
  let ended: Promise<void> | null = null
  let finished: Promise<void> | null = null

  const listener = createScriptedListener(scripted, setup, time, send)
  const session = createSession(
    {
      ...{ stages, source: 'socket', observers: stages.observers, plays: setup.plays, leavesReplies: false },
      ...{ replies: scripted.replies, activity: scripted.activity },
      loadedModels: async () => ({ speech: [], language: [] }),
      detector: scriptedDetector([0.99, 0.6, 0.02, 0.98], 60).detector,
      defaults: {
        endpointing: { mode: 'silence', preset: 'balanced', silenceMs: 500 },
        minSpeechMs: 250,
      },
      ...{ maxUtteranceMs: setup.maxUtteranceMs, partialTranscripts: setup.partials },
      speculates: setup.speculates,
    },
    {
      ...listener,
      tell(event) {
        listener.tell(event)
        if (event.type === 'error' && !event.error.recoverable) void end()
      },
    },
    log,
  )

  function through(work: () => void): void {
    if (ended !== null) return
    try {
      work()
    } catch (thrown) {
      const error = toQuantvoxError(thrown)
      see({ what: 'refused', error })
      if (!error.recoverable) void end()
    }
  }

  function send(message: ClientMessage): void {
    if (ended === null) see({ what: 'sent', message, heardMs: frames.at(-1)?.endMs ?? 0 })
    through(() => session.message(message, time.now()))
  }

  function end(): Promise<void> {
    if (ended !== null) return ended
    see({ what: 'closing' })
    listener.leave()
    ended = session.close().then(() => {
      see({ what: 'closed' })
      time.later(
        DEAF_MS,
        () => void see({ what: 'left behind', timers: time.timers(), replies: scripted.replying() }),
      )
    })
    return ended
  }

  async function finish(): Promise<void> {
    if (ended !== null) return ended
    finished ??= session.finish().then(() => {
      see({ what: 'finished' })
      return end()
    })
    await finished
  }

  function turnOf(whose: Whose): string {
    const told = seen.flatMap(one => (one.what === 'told' ? [one.event] : []))
    const ids = told.flatMap(event => ('turnId' in event && event.turnId ? [event.turnId] : []))
    const said = told.findLast(({ type }) => type === 'speech.started')
    const known = { newest: ids.at(-1), oldest: ids[0], said: said && 'turnId' in said ? said.turnId : '' }
    return (whose in known ? known[whose as keyof typeof known] : null) ?? 'nobody'
  }

  function worded(message: Message): ClientMessage {
    switch (message.do) {
      case 'text':
        return { type: 'text', text: `Typed ${++typed}` }
      case 'interrupt':
        return { type: 'interrupt', ...(message.whose === 'none' ? {} : { turnId: turnOf(message.whose) }) }
      case 'playback':
        return { type: 'playback', turnId: turnOf(message.whose), ...message.report }
      case 'configure':
        return { type: 'configure', requestId: `request ${++requests}`, ...message.wanted }
      default:
        return { type: message.do }
    }
  }

  /** In this tick, but for sound that takes its time. */
  async function act(step: Message | Sound): Promise<void> {
    if (step.do === 'sound') await sound(step)
    else send(worded(step))
  }

  async function sound({ isSpeech, ms, frameMs, atOnce }: Sound): Promise<void> {
    const samples = isSpeech ? loud : quiet
    for (let leftMs = ms; leftMs > 0; leftMs -= frameMs) {
      const lastedMs = Math.min(frameMs, leftMs)
      if (!atOnce) await time.pass(lastedMs)
      through(() => {
        session.audio(samples.subarray(0, (lastedMs * RATE) / 1000), time.now())
        frames.push({ endMs: (frames.at(-1)?.endMs ?? 0) + lastedMs, atMs: time.now() })
      })
    }
  }

  function change(changes: Partial<World>): void {
    Object.assign(world, changes)
    // The model takes them off the list.
    world.toolCalls = [...world.toolCalls]
    scripted.changed()
    listener.changed()
  }

  return {
    ...scripted,
    ...{ lines: log.lines, frames, change, end, finish },
    isStarted: () => session.sampleRate() !== null,
    isEnding: () => ended !== null || finished !== null,
    async start() {
      const { mode, voice } = setup
      frames.length = 0
      send({ type: 'start', protocol: 1, sampleRate: RATE, mode, voice })
      await time.settle()
    },
    async perform(step) {
      if (step.do === 'nothing') return
      see({ what: 'did', step })
      if (step.do === 'wait') await time.pass(step.ms)
      else if (step.do === 'together') await Promise.all(step.steps.map(act))
      else if (step.do === 'change') change(step.world)
      else if (step.do === 'finish') void finish()
      else await act(step)
      await time.settle()
    },
  }
}
