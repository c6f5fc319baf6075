import { sleep } from '../../../server/abort.ts'
import type { Conversation, Conversations } from '../../../server/conversation/conversations.ts'
import { QuantvoxError } from '../../../server/errors.ts'
import type { VoiceActivity } from '../../../server/hearing/voiceActivity.ts'
import type { LanguageModelLease } from '../../../server/llm/lease.ts'
import type { TurnRecord, TurnText } from '../../../server/protocol/record.ts'
import type { ClientMessage } from '../../../server/protocol/socketClient.ts'
import type { ReplyAudio } from '../../../server/record/replyAudio.ts'
import type { EndedTurn } from '../../../server/record/turnRecord.ts'
import type { AudioEvent, SessionEvent } from '../../../server/session/events.ts'
import type { Stages } from '../../../server/session/stages.ts'
import { createConfirmations } from '../../../server/tools/confirmation.ts'
import { timerTools } from '../../../server/tools/own/timerTools.ts'
import { createToolbox } from '../../../server/tools/toolbox.ts'
import type { Voice } from '../../../server/voice/voice.ts'
import { loudness } from '../fakes/fakeLive.ts'
import { createFakeStages, fakeLanguageModel } from '../fakes/fakeStages.ts'
import { quietLog } from '../quietLog.ts'
import type { VirtualTime } from '../virtualTime.ts'
import { FOR_EVER_MS, HUM, healthy, type Setup, type Step, type World } from './sessionSteps.ts'

/** What was seen of a session from outside, in order. */
export type Seen =
  | { what: 'did'; step: Step }
  | { what: 'told'; event: Exclude<SessionEvent, AudioEvent> }
  /** `taken` is null while the listener has not said. */
  | { what: 'audio'; turnId: string; audioMs: number; taken: boolean | null }
  /** A message or a frame was answered by an error. */
  | { what: 'refused'; error: QuantvoxError }
  /** `heardMs`: where the microphone was. */
  | { what: 'sent'; message: ClientMessage; heardMs: number }
  /** `isSure`: not at a pause only. */
  | { what: 'asked'; question: string; isSure: boolean }
  | { what: 'began' }
  | { what: 'row'; record: TurnRecord; text: TurnText; isLost: boolean }
  /** Milliseconds of `performance.now()`. */
  | { what: 'ended'; record: TurnRecord; speechEndedAtMs: number | null }
  | { what: 'remembered'; conversationId: string; user: string; heard: string }
  | { what: 'left alone' }
  | { what: 'finished' }
  | { what: 'closing' }
  | { what: 'closed' }
  /** Of a session that is closed. */
  | { what: 'left behind'; timers: number[]; replies: number }
export type Sighting = { atMs: number } & Seen

export type ScriptedWorld = {
  /** Change it as you go; `changed` lets it take effect on what is held back. */
  world: World
  changed(): void
  stages: Stages
  replies: ReplyAudio
  activity: VoiceActivity
  see(seen: Seen): Sighting
  seen: Sighting[]
  /** Replies that the language model makes. */
  replying(): number
}

const RATE = 16_000
/** Less than any timer of a session lasts. */
export const DEAF_MS = 30
const silence = new Int16Array(60 * RATE)

/** Engines, record, disk and ears of one session: each does what `world` says, late, badly, or not at all. */
export function createScriptedWorld({ letterMs, startMs }: Setup, time: VirtualTime): ScriptedWorld {
  const fake = createFakeStages()
  const world = Object.assign(fake.script, healthy) as World
  const seen: Sighting[] = []
  const see = (sighting: Seen) => {
    const one = { atMs: time.now(), ...sighting }
    seen.push(one)
    return one
  }
  numberTranscripts(world)
  const { stages } = fake
  const { llmModel } = stages.settings
  stages.settings.llmModel = async () => {
    // Only the first time.
    stages.settings.llmModel = llmModel
    if (startMs > 0) await later(time, startMs)
    return await llmModel()
  }
  const speaking = (voice: Voice): Voice =>
    voice.kind === 'speak'
      ? { ...voice, speak: (text, signal) => synthesize(text.length * letterMs, world, time, signal) }
      : voice
  const look = async (name: string, signal: AbortSignal) => {
    await pause(world.lookupMs, signal)
    if (name.startsWith('missing')) throw new QuantvoxError('model_not_found', `There is no ${name}.`)
  }
  const { speechLevel, voice, llm } = stages
  const spied = (lease: LanguageModelLease, isSure: boolean): LanguageModelLease => ({
    ...lease,
    respond(messages, until) {
      see({ what: 'asked', question: messages.at(-1)?.content.split('\n').at(-1) ?? '', isSure })
      return lease.respond(messages, world.isDeaf ? deafened(time, until) : until)
    },
  })
  const { activity, changed } = scriptedActivity(world, time)
  const toolbox = createToolbox([{ tools: () => timerTools }], quietLog())
  Object.assign<Stages, Partial<Stages>>(stages, {
    tools: {
      ...toolbox,
      offered: async () => toolbox.offered(),
      confirmations: createConfirmations(time.now),
    },
    voice: name => speaking(voice(name)),
    async languageModel(name, signal) {
      await look(name, signal)
      return { ...fakeLanguageModel, name, loaded: !name.startsWith('cold') }
    },
    async speechLevel(name, signal) {
      await look(name, signal)
      return await speechLevel(name, signal)
    },
    async memory() {
      if (world.memoryMs > 0) await later(time, world.memoryMs)
      return { speechResidentBytes: null, llmResidentBytes: null, llmGpuShare: null, llmMemorySource: null }
    },
    llm: {
      ...llm,
      async acquire(model, owner, signal) {
        return spied(await llm.acquire(model, owner, signal), true)
      },
      async spare(model, messages, signal) {
        const lease = await llm.spare(model, messages, signal)
        return lease && { ...lease, ...spied(lease, false) }
      },
    },
    conversations: watched(stages.conversations, see),
    store: {
      ...stages.store,
      insert(record, text) {
        see({ what: 'row', record, text, isLost: !world.doesWrite })
        if (!world.doesWrite) throw new Error('the row was refused, as scripted')
      },
    },
    observers: new Set([
      () => {
        see({ what: 'began' })
        return ({ record, speechEndedAtMs }: EndedTurn) => {
          const sinceMs = Date.now() - time.now()
          see({ what: 'ended', record, speechEndedAtMs: speechEndedAtMs && speechEndedAtMs - sinceMs })
        }
      },
    ]),
  })
  return {
    world,
    changed,
    stages,
    replies: scriptedReplies(world),
    activity,
    see,
    seen,
    replying: fake.replying,
  }
}

/** Nothing that takes no time waits for a timer. */
async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, signal)
}

/** The same for what cannot be broken off. */
function later(time: VirtualTime, ms: number): Promise<void> {
  return new Promise(resolve => time.later(ms, resolve))
}

/** Aborts when `signal` does, a moment later. */
function deafened(time: VirtualTime, signal: AbortSignal): AbortSignal {
  if (signal.aborted) return signal
  const late = new AbortController()
  signal.addEventListener('abort', () => time.later(DEAF_MS, () => late.abort(signal.reason)), { once: true })
  return late.signal
}

/** No two decodings hear the same, nor two that are joined, so that it is known whose a text is. */
function numberTranscripts(world: World): void {
  let said = world.transcript
  let count = 0
  Object.defineProperty(world, 'transcript', {
    get: () => (said === '' ? '' : said === HUM ? `${HUM}${'m'.repeat(++count)}` : `${said} ${++count}`),
    set(next: string) {
      said = next
    },
  })
}

/** A clause in two pieces. */
async function* synthesize(audioMs: number, world: World, time: VirtualTime, signal: AbortSignal) {
  const length = Math.round((audioMs * RATE) / 2000)
  for (let piece = 0; piece < 2; piece++) {
    const ms = world.synthesizeMs
    if (world.isDeaf && ms > 0) await later(time, ms)
    else await pause(ms, signal)
    if (world.synthesizeError) throw world.synthesizeError
    yield { samples: silence.subarray(0, length), sampleRate: RATE }
  }
}

function watched(conversations: Conversations, see: (seen: Seen) => void): Conversations {
  const known = new WeakMap<Conversation, Conversation>()
  return {
    ...conversations,
    open(id) {
      const real = conversations.open(id)
      const spied = known.get(real) ?? {
        ...real,
        append(user: string, heard: string, turnId: string) {
          see({ what: 'remembered', conversationId: real.id, user, heard })
          real.append(user, heard, turnId)
        },
      }
      known.set(real, spied)
      return spied
    },
  }
}

function scriptedReplies(world: World): ReplyAudio {
  return {
    recorder() {
      let ms = 0
      return {
        take(_turnId, { samples, sampleRate }) {
          ms += (samples.length / sampleRate) * 1000
        },
        durationMs: () => ms,
        wav: async () => null,
      }
    },
    async keep() {
      if (world.keepMs === FOR_EVER_MS) await new Promise(() => {})
      await pause(world.keepMs)
      if (!world.doesKeep) throw new Error('it could not be kept, as scripted')
    },
    wav: async () => null,
    forget: async () => {},
    forgetBefore: async () => {},
    sharing: async () => null,
    close: () => {},
  }
}

function scriptedActivity(world: World, time: VirtualTime): { activity: VoiceActivity; changed(): void } {
  let held: (() => void)[] = []
  const activity: VoiceActivity = {
    open() {
      const stream = loudness.open()
      return {
        async push(frame) {
          if (world.activityMs === null) await new Promise<void>(resolve => held.push(resolve))
          else if (world.activityMs > 0) await later(time, world.activityMs)
          if (world.activityError) throw world.activityError
          return await stream.push(frame)
        },
      }
    },
  }
  return {
    activity,
    changed() {
      if (world.activityMs === null) return
      for (const release of held) release()
      held = []
    },
  }
}
