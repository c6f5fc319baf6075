import { joinSamples, levelDb, samplesIn } from '../../../../server/audio/pcm.ts'
import { randomFrom, seedOf } from '../../../../server/shared/seeded.ts'
import { holdLength, withHold } from './holds.ts'
import type { SoundItem, TurnItem } from './items.ts'
import { atLevel, inRoom } from './levels.ts'

/** Says it with a voice of flite, phone by phone what stands in square brackets; mono, 16 kHz. */
export type Speak = (text: string, voice: string) => Promise<Int16Array>

/** What no clip has: said by the voices of flite, in a quiet room. */
export const voices = ['kal16', 'awb', 'rms', 'slt'] as const

const withUm = [
  ['Could you tell me, um', 'what the weather is like tomorrow?'],
  ['I would like to, um', 'book a table for two people.'],
  ['What was the name of the, um', 'the actor in that film?'],
] as const
const numbers = [
  ['My number is five five five', 'two seven four one.'],
  ['The code is four eight', 'one five nine three.'],
  ['Add thirty seven', 'forty two and sixteen.'],
] as const
const phrases = [
  ['I have a question about my garden.', 'Which flowers grow in the shade?'],
  ['It is raining here today.', 'Do I need a coat for a walk?'],
] as const
const shortAnswers = ['Yes.', 'No, thank you.', 'Tomorrow morning.', 'Three of them.'] as const
/** "Mm-hmm", which has no spelling that is read so; Moonshine hears it in all four voices (test/integration/bench/turntakingVoices.test.ts has its sound). */
export const HUM = '[m m hh ax m]'
const listeningWords = [HUM, 'uh huh.', 'Yeah.', 'Right.', 'Okay.', 'I see.', 'Oh really.'] as const
const laughter = ['Ha ha ha ha.', 'Heh heh heh.'] as const
const stopWords = [
  ...['Stop.', 'Wait.', 'No.', 'Hold on.', 'Stop talking.', 'Be quiet.'],
  ...['Wait a minute.', 'No, that is wrong.', 'Please stop now.', 'That is enough.'],
] as const

/** How loud a person near the microphone is, dBFS. */
const NEAR_DB = -24
/** Quieter than this at its ends, what a voice gives is no speech. */
const EDGE_DB = -60
const EDGE_MS = 10
const MARGIN_MS = 200

/** Turns with a pause in them, and short ones. */
export async function spokenTurns(speak: Speak, seed: number): Promise<TurnItem[]> {
  const paused = (set: TurnItem['set'], texts: readonly (readonly [string, string])[]) =>
    everyOne(texts, async ([first, second], voice) => {
      const clip = `${voice}: ${first} … ${second}`
      const before = await nearBy(speak, first, voice, MARGIN_MS, 0)
      const after = await nearBy(speak, second, voice, 0, MARGIN_MS)
      const holdMs = holdLength(randomFrom(seedOf(seed, clip))())
      return withHold(set, clip, `flite:${voice}`, before, after, holdMs)
    })
  const short = everyOne(shortAnswers, async (text, voice): Promise<TurnItem> => {
    const samples = await nearBy(speak, text, voice)
    const origin = { clip: `${voice}: ${text}`, speaker: `flite:${voice}` }
    return { ...origin, set: 'short-answer', samples, hold: null, fromMs: 0 }
  })
  const sets = [paused('trailing-um', withUm), paused('numbers', numbers), paused('two-phrases', phrases)]
  return (await Promise.all([...sets, short])).flat()
}

/** What is said over a reply: to go on, in fun, and to stop it. */
export async function spokenSounds(speak: Speak): Promise<SoundItem[]> {
  const said = (set: SoundItem['set'], texts: readonly string[]) =>
    everyOne(texts, async (text, voice): Promise<SoundItem> => {
      const samples = await nearBy(speak, text, voice)
      return { set, clip: `${voice}: ${text}`, speaker: `flite:${voice}`, samples, echo: null }
    })
  const all = [
    said('listening-word', listeningWords),
    said('spoken-laughter', laughter),
    said('stop-words', stopWords),
  ]
  return (await Promise.all(all)).flat()
}

/** A question that takes long to answer. */
export const LONG_QUESTION = 'Tell me a long story about an old lighthouse and the people who lived in it.'

/** The same, said near the microphone. */
export async function spokenQuestion(speak: Speak): Promise<Int16Array> {
  return await nearBy(speak, LONG_QUESTION, 'rms')
}

/** Each text by each voice. */
async function everyOne<T, R>(texts: readonly T[], make: (text: T, voice: string) => Promise<R>) {
  return await Promise.all(texts.flatMap(text => voices.map(voice => make(text, voice))))
}

async function nearBy(
  speak: Speak,
  text: string,
  voice: string,
  beforeMs = MARGIN_MS,
  afterMs = MARGIN_MS,
): Promise<Int16Array> {
  const spoken = trimmed(atLevel(await speak(text, voice), NEAR_DB))
  const silence = (ms: number) => new Int16Array(samplesIn(ms))
  return inRoom(joinSamples([silence(beforeMs), spoken, silence(afterMs)]))
}

/** Without the silence at both ends. */
export function trimmed(samples: Int16Array): Int16Array {
  const step = samplesIn(EDGE_MS)
  const isSilent = (from: number) => levelDb(samples.subarray(from, from + step)) < EDGE_DB
  let [from, to] = [0, samples.length]
  while (from + step < to && isSilent(from)) from += step
  while (to - step > from && isSilent(to - step)) to -= step
  return samples.subarray(from, to)
}

/** Where a sound that lies in a quiet room begins and ends, milliseconds. */
export function soundedMs(samples: Int16Array): { onsetMs: number; endMs: number } {
  const step = samplesIn(EDGE_MS)
  const loud: number[] = []
  for (let from = 0; from < samples.length; from += step)
    if (levelDb(samples.subarray(from, from + step)) >= EDGE_DB) loud.push(from / 16)
  const onsetMs = loud[0] ?? 0
  return { onsetMs, endMs: (loud.at(-1) ?? onsetMs) + EDGE_MS }
}
