const KEY = 'quantvox.token'

/** The token of this browser session: from `#token=` of the start line's address, which is removed there at once. */
export function createToken(): { get(): string | null; set(token: string): void; forget(): void } {
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given !== null) {
    sessionStorage.setItem(KEY, given)
    history.replaceState(null, '', location.pathname + location.search)
  }
  return {
    get: () => sessionStorage.getItem(KEY),
    set: token => sessionStorage.setItem(KEY, token),
    forget: () => sessionStorage.removeItem(KEY),
  }
}
