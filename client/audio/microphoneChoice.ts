export type MicrophoneFacts = {
  /** The one that was chosen, or that the browser gave first. */
  homeId: string | null
  /** The one in use; null where that has ended. */
  usedId: string | null
  /** Ids of those that are there, in the browser's order. */
  listed: readonly string[]
}

/** Which microphones to try now, the best first; `keep` the one in use. None is there where the list is empty. */
export function microphonesToTry({ homeId, usedId, listed }: MicrophoneFacts): 'keep' | string[] {
  const home = homeId !== null && listed.includes(homeId) ? [homeId] : []
  if (usedId === null) return [...home, ...listed.filter(id => id !== homeId)]
  return usedId === homeId || home.length === 0 ? 'keep' : home
}

/** The loudspeaker to use: the chosen one while it is there, else the browser's own, which has no id. */
export function speakerFor(chosenId: string | null, listed: readonly string[]): string {
  return chosenId !== null && listed.includes(chosenId) ? chosenId : ''
}
