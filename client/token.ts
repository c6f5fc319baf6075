const KEY = 'quantvox.token'

export type Token = { get(): string | null; set(token: string): void; forget(): void }

/**
 * The token, kept in this browser for all its tabs until the server refuses it: from `#token=` of the start line's address, which
 * is removed there at once. Where the browser keeps nothing it lasts as long as the page.
 */
export function createToken(): Token {
  let known = kept()
  const set = (token: string | null) => {
    known = token
    try {
      if (token === null) localStorage.removeItem(KEY)
      else localStorage.setItem(KEY, token)
    } catch {
      // Private windows may refuse.
    }
  }
  const given = new URLSearchParams(location.hash.slice(1)).get('token')
  if (given !== null) {
    set(given)
    history.replaceState(null, '', location.pathname + location.search)
  }
  // Another tab was told it, or that it is wrong.
  addEventListener('storage', ({ key, newValue }) => {
    if (key === KEY) known = newValue
  })
  return { get: () => known, set, forget: () => set(null) }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
