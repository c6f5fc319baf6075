import { seedOf, shuffled } from '../../../../server/shared/seeded.ts'

/** What is played to a session: something said that is to be answered, or a sound over a reply. Milliseconds from its first sample. */
export type Item = TurnItem | SoundItem

export const turnSets = [
  ...['room-tone', 'digital-silence', 'two-phrases', 'trailing-um', 'numbers'],
  ...['short-answer', 'quiet-after-loud'],
] as const
export type TurnSet = (typeof turnSets)[number]

/** Sounds that must not stop a reply, and those that must. */
export const falseStopSets = ['listening-word', 'spoken-laughter', 'laughter', 'tv', 'echo'] as const
export const realStopSets = ['stop-words', 'question'] as const
export type SoundSet = (typeof falseStopSets)[number] | (typeof realStopSets)[number]

type Origin = {
  /** Names it, and what is alike: a bootstrap draws clips. */
  clip: string
  speaker: string
}

export type TurnItem = Origin & {
  set: TurnSet
  samples: Int16Array
  /** A pause in it after which the speaker goes on. */
  hold: { startMs: number; endMs: number } | null
  /** What is judged is said after this; what is said before it is another turn. */
  fromMs: number
}

export type SoundItem = Origin & {
  set: SoundSet
  /** Empty for an echo. */
  samples: Int16Array
  /** The reply itself, so much quieter and later. */
  echo: { dB: number; delayMs: number } | null
  /** What somebody near the microphone asks first, so that the session knows their voice. Without it the question is typed. */
  asked?: Int16Array
}

export const isTurn = (item: Item): item is TurnItem => 'fromMs' in item
export const mustStop = ({ set }: Pick<SoundItem, 'set'>): boolean => realStopSets.some(real => real === set)

export type Choice = {
  /** Sets by name; null for all. */
  sets: readonly string[] | null
  /** One half of the speakers, so that what is tuned on the one can be judged on the other. */
  speakers: 'all' | 'odd' | 'even'
  /** At most so many of each set. */
  count: number
  seed: number
}

/** Those of the items that are chosen, set by set. */
export function chosenOf(items: readonly Item[], { sets, speakers, count, seed }: Choice): Item[] {
  // Those of whom there is most alternate, so that both halves have as much.
  const bySpeaker = Map.groupBy(items, ({ speaker }) => speaker)
  const names = [...bySpeaker.keys()]
    .toSorted()
    .toSorted((a, b) => (bySpeaker.get(b)?.length ?? 0) - (bySpeaker.get(a)?.length ?? 0))
  const isOfHalf = ({ speaker }: Item) =>
    speakers === 'all' || names.indexOf(speaker) % 2 === (speakers === 'odd' ? 1 : 0)
  const wanted = items.filter(item => (sets?.includes(item.set) ?? true) && isOfHalf(item))
  return [...Map.groupBy(wanted, ({ set }) => set)].flatMap(([set, all]) =>
    shuffled(all, seedOf(seed, set)).slice(0, count),
  )
}

/** How many of each set there are, in words. */
export function countsOf(items: readonly Item[]): string {
  return [...Map.groupBy(items, ({ set }) => set)].map(([set, { length }]) => `${length} ${set}`).join(', ')
}
