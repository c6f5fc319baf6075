const HASH = '#/turns'

/** The turn that the page's address names; null where it names none. */
export const addressedTurn = (): string | null =>
  location.hash.startsWith(`${HASH}/`) ? location.hash.slice(HASH.length + 1) : null

/** The address of one that was opened, to be kept or passed on; it is no step of its own on the way back. */
export function addressTurn(turnId: string | null): void {
  history.replaceState(null, '', turnId === null ? HASH : `${HASH}/${turnId}`)
}
