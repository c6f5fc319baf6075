import fc from 'fast-check'
import { QuantvoxError } from '../../../server/errors.ts'
import type { Configure, Mode, Playback } from '../../../server/protocol/socketClient.ts'
import type { Script } from '../fakes/fakeStages.ts'

/** What is scripted of everything that a session stands on; `Script` has the engines'. */
export type World = Script & {
  /** Looking up a model, milliseconds. */
  lookupMs: number
  /** A voice that is deaf does not stop when told to, a language model a moment later. */
  isDeaf: boolean
  keepMs: number
  memoryMs: number
  doesKeep: boolean
  doesWrite: boolean
  /** The voice activity of a frame takes so long; null holds it back until that is changed. */
  activityMs: number | null
  activityError: Error | null
  /** How the listener takes audio: as it comes, in its own time, or not. */
  reads: 'at once' | 'slowly' | 'not'
}

/** Whose turn is meant: the newest, the oldest, the one that is being said, one that never was, or none at all. */
export type Whose = 'newest' | 'oldest' | 'said' | 'unknown' | 'none'

export type Message =
  | { do: 'begin' | 'commit' | 'cancel' | 'text' }
  | { do: 'interrupt'; whose: Whose }
  | { do: 'playback'; whose: Whose; report: Pick<Playback, 'event' | 'positionMs' | 'textLength'> }
  | { do: 'configure'; wanted: Omit<Configure, 'type' | 'requestId'> }

/** Frames of so much sound each, with the time between them that they take, or at once. */
export type Sound = { do: 'sound'; isSpeech: boolean; ms: number; frameMs: number; atOnce: boolean }

export type Step =
  | { do: 'nothing' }
  | Message
  | Sound
  | { do: 'wait'; ms: number }
  /** In one tick. */
  | { do: 'together'; steps: (Message | Sound)[] }
  | { do: 'change'; world: Partial<World> }
  | { do: 'finish' }

export type Setup = {
  mode: Mode
  voice: string
  plays: boolean
  /** The listener tells how its playback goes. */
  reports: boolean
  /** It stands still when it is told to. */
  pauses: boolean
  partials: boolean
  speculates: boolean
  /** What `start` waits for is looked up for so long. */
  startMs: number
  maxUtteranceMs: number
  /** Of synthesized audio for a letter. */
  letterMs: number
  ending: 'alone' | 'finish' | 'close'
}

export type Talk = { setup: Setup; steps: Step[] }

/** Longer than anything here waits for. */
export const FOR_EVER_MS = 2e9
const recoverable = new QuantvoxError('engine_failed', 'It broke, as scripted.')
const unforeseen = new Error('it broke in an unforeseen way, as scripted')

/** What a listener says who only listens. */
export const HUM = 'mm-hm'

export const healthy: World = {
  ...{ language: 'en', transcript: 'It was said', isUnclear: false },
  ...{
    reply: ['Yes, that', ' is how it', ' goes here.', ' And so it', ' does.'],
    toolCalls: [],
    routed: [],
    callsAnyway: false,
    speechMs: 900,
  },
  ...{
    recognizeMs: 60,
    firstTokenMs: 80,
    tokenMs: 20,
    synthesizeMs: 30,
    clauseAudioMs: 300,
    endsHere: null,
    endsHereMs: 0,
  },
  ...{ recognizeError: null, respondError: null, respondErrorAfter: 0, synthesizeError: null },
  ...{ lookupMs: 0, isDeaf: false, keepMs: 0, memoryMs: 0, doesKeep: true, doesWrite: true },
  ...{ activityMs: 0, activityError: null, reads: 'at once' },
}

const silentReply = ['…', ' —']
const longReply = Array.from({ length: 12 }, (_, index) => `This is sentence number ${index} of them. `)

/** So that the session speaks up by itself. */
const timer = (seconds: number) => [{ id: 'call', name: 'set_timer', arguments: { seconds } }]

const oneOf = <const T>(...values: T[]) => fc.constantFrom(...values)
/** More often well than not, or the first failure hides all others. */
const error = oneOf(null, null, null, null, recoverable, recoverable, recoverable, unforeseen)
const endless = oneOf(0, 1, 60, 60, 400, 3000, FOR_EVER_MS)

const changes: fc.Arbitrary<Partial<World>> = fc.oneof(
  fc.record({ recognizeMs: endless, recognizeError: error }),
  // An engine that sends nothing ends by its own time-out, and whoever warms it holds its place until then.
  fc.record({ firstTokenMs: oneOf(0, 1, 60, 400, 3000, 60_000) }),
  fc.record({ tokenMs: oneOf(0, 1, 50, FOR_EVER_MS) }),
  fc.record({ respondError: error, respondErrorAfter: fc.nat(5) }),
  fc.record({ reply: oneOf(healthy.reply, longReply, silentReply, [], ['Hm']) }),
  fc.record({ synthesizeMs: endless, synthesizeError: error }),
  fc.record({ isDeaf: fc.boolean() }),
  fc.record({ lookupMs: endless }),
  fc.record({ keepMs: oneOf(0, 50, 2000, FOR_EVER_MS), doesKeep: fc.boolean() }),
  fc.record({ memoryMs: endless, doesWrite: fc.boolean() }),
  fc.record({ activityMs: oneOf(0, 0, 0, 5, 25, null) }),
  fc.record({ activityError: oneOf(null, null, null, null, null, null, null, unforeseen) }),
  fc.record({ reads: oneOf('at once', 'slowly', 'not') }),
  fc.record({ transcript: oneOf('', 'It was said', HUM, HUM, 'Stop', 'that is how it goes here') }),
  fc.record({
    toolCalls: fc.constantFrom<World['toolCalls']>([], [timer(1)], [timer(3)], [timer(1), timer(1)]),
  }),
  fc.constant(healthy),
)
const change: fc.Arbitrary<Step> = fc.record({ do: oneOf('change'), world: changes })

const wanted = fc.record(
  {
    mode: oneOf('hands-free', 'push-to-talk'),
    voice: oneOf('flite:slt', 'flite:awb', 'browser', 'none', 'flite:nobody'),
    llmModel: oneOf('fake:1b', 'other:3b', 'cold:7b', 'missing:1b'),
    speechModel: oneOf('whisper-tiny.en-q8_0', 'whisper-base-q5_1', 'missing-q8_0'),
    endpointing: fc.record(
      {
        mode: oneOf('learned', 'silence'),
        preset: oneOf('fast', 'balanced', 'patient'),
        silenceMs: oneOf(100, 500, 3000),
      },
      { requiredKeys: [] },
    ),
    bargeIn: fc.record({ minSpeechMs: oneOf(0, 100, 250, 1000) }),
    conversationId: oneOf('one', 'another'),
  },
  { requiredKeys: [] },
)

const whose: fc.Arbitrary<Whose> = oneOf('newest', 'newest', 'newest', 'oldest', 'said', 'unknown', 'none')

const report = fc.record(
  {
    event: oneOf('started', 'progress', 'ended', 'stopped'),
    positionMs: fc.nat(4000),
    textLength: fc.nat(60),
  },
  { requiredKeys: ['event'] },
)

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ do: oneOf('begin', 'commit', 'cancel', 'text') }),
  fc.record({ do: oneOf('begin', 'commit', 'text') }),
  fc.record({ do: oneOf('interrupt'), whose }),
  fc.record({ do: oneOf('playback'), whose, report }),
  fc.record({ do: oneOf('configure'), wanted }),
)

const sound = (...atOnce: boolean[]): fc.Arbitrary<Sound> =>
  fc.record({
    do: oneOf('sound'),
    isSpeech: oneOf(true, true, false),
    ms: fc.integer({ min: 100, max: 2000 }),
    frameMs: oneOf(20, 40, 100, 200),
    atOnce: oneOf(...atOnce),
  })

const inOneTick = fc.oneof({ weight: 3, arbitrary: message }, { weight: 1, arbitrary: sound(true) })
const several = fc.array(inOneTick, { minLength: 2, maxLength: 4 })

const step: fc.Arbitrary<Step> = fc.oneof(
  // What shrinks becomes nothing.
  { withCrossShrink: true },
  { weight: 1, arbitrary: fc.record({ do: oneOf('nothing') }) },
  { weight: 12, arbitrary: message },
  { weight: 8, arbitrary: sound(false, false, true) },
  { weight: 6, arbitrary: fc.record({ do: oneOf('wait'), ms: fc.nat(3000) }) },
  { weight: 4, arbitrary: fc.record({ do: oneOf('together'), steps: several }) },
  { weight: 6, arbitrary: change },
)

/** Few, so that most talks are not over before they began. */
const someFinish = fc.tuple(fc.noBias(fc.nat(400)), step).map(([luck, other]): Step => {
  return luck === 1 ? { do: 'finish' } : other
})

const setup = fc.record<Setup>({
  mode: oneOf('hands-free', 'hands-free', 'push-to-talk'),
  voice: oneOf('flite:slt', 'flite:slt', 'flite:slt', 'browser', 'none'),
  plays: oneOf(true, true, true, true, false),
  reports: fc.boolean(),
  pauses: fc.boolean(),
  partials: fc.boolean(),
  speculates: oneOf(true, true, true, false),
  startMs: oneOf(0, 0, 0, 0, 400, 3000, FOR_EVER_MS),
  maxUtteranceMs: oneOf(60_000, 60_000, 1500),
  letterMs: oneOf(20, 100, 300),
  ending: oneOf('alone', 'alone', 'finish', 'close'),
})

/** So many steps, legal and illegal ones; those that shrinking takes away become nothing. */
export function talks(length: number): fc.Arbitrary<Talk> {
  return fc.record({ setup, steps: fc.array(someFinish, { minLength: length, maxLength: length }) })
}

const compact = (value: object) =>
  JSON.stringify(value, (_key, part) => (part instanceof Error ? part.message : part))

/** One line for each step that is one. */
export function shown({ setup: how, steps }: Talk): string {
  return [how, ...steps.filter(one => one.do !== 'nothing')].map(compact).join('\n')
}
