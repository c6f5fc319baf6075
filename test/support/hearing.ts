import { textErrors } from '../../server/lab/index.ts'

/**
 * What is asked of a real speech model: a character error rate below this, in percent. Processors round differently,
 * so a small model hears "and" for "in" on one machine, "grape fruit" on another; a lost or doubled phrase is more.
 */
export const HEARD_WELL = 15

/** Character error rate in percent, after the normalization that the lab compares by. */
export function charactersWrong(said: string, heard: string): number {
  const { characterErrors, characters } = textErrors(said, heard)
  return (characterErrors / Math.max(characters, 1)) * 100
}
