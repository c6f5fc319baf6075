import type { SpeechClip } from '../../speechClips.ts'
import { holdsOf, phrasesOf, quietOnes } from './holds.ts'
import type { Item } from './items.ts'
import { echoes, questionsOver, recordedSounds, televisionOf } from './sounds.ts'
import { type Speak, spokenQuestion, spokenSounds, spokenTurns } from './spoken.ts'

/** Everything that can be played: made of the clips, and of what `speak` says where those have none. The seed decides the rest. */
export async function allItems(
  clips: readonly SpeechClip[],
  speak: Speak,
  holdsPerClip: number,
  seed: number,
): Promise<Item[]> {
  const spoken = clips.filter(({ kind }) => kind === 'speech')
  return [
    ...holdsOf(spoken, holdsPerClip, seed),
    ...phrasesOf(spoken, seed),
    ...(await spokenTurns(speak, seed)),
    ...quietOnes(spoken),
    ...(await spokenSounds(speak)),
    ...recordedSounds(clips),
    ...televisionOf(spoken, await spokenQuestion(speak)),
    ...echoes(seed),
    ...questionsOver(spoken),
  ]
}
