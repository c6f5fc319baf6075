/**
 * Credentials in addresses (`http://user:pass@host`). They are set apart from the addresses where settings are read, so that an address
 * can be told, logged and recorded; they go out as a header of requests to that address. Kept for the whole process, as the environment
 * that they come from.
 */

const kept = new Map<string, { authorization: string; address: string }>()

/** From the end of the scheme on, so that a long text is looked through once. */
const inAddress = /(:\/\/)[^\s/?#"]*@/g

/** The address without its credentials, which `authorizationFor` knows from then on. */
export function setApart(address: string): string {
  const bare = address.replace(inAddress, '$1')
  if (bare !== address && URL.canParse(address)) {
    const { username, password } = new URL(address)
    const pair = [username, password].map(decoded).join(':')
    kept.set(baseOf(bare), { authorization: `Basic ${Buffer.from(pair).toString('base64')}`, address })
  }
  return bare
}

/** The header for a request to an address, or to one below it, whose credentials were set apart; none for others. */
export function authorizationFor(url: string | URL): { authorization?: string } {
  const asked = baseOf(url)
  const bases = [...kept.keys()].filter(base => asked.startsWith(base))
  const nearest = kept.get(bases.toSorted((a, b) => b.length - a.length)[0] ?? '')
  return nearest === undefined ? {} : { authorization: nearest.authorization }
}

/** The address as it was before `setApart`, for a process of our own that asks there. */
export const withCredentials = (bare: string): string => kept.get(baseOf(bare))?.address ?? bare

/** Any text with the credentials of the addresses in it masked: what others say may hold some, of a proxy for instance. */
export const masked = (text: string): string =>
  text.includes('@') ? text.replace(inAddress, '$1********@') : text

const baseOf = (url: string | URL) => `${new URL(url).href.replace(/\/+$/, '')}/`

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
