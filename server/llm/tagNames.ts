/**
 * A model's name as Ollama lists it, of what people write: without a scheme, its own registry or site and `library/`, with the tag `latest`
 * where none is named. Letters stay as they are; Ollama takes them in any case, and so does `isSameTag`.
 */
export function listedTag(name: string): string {
  const bare = name
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/^(?:registry\.ollama\.ai|(?:www\.)?ollama\.com)\//i, '')
    .replace(/^library\/(?=[^/]+$)/i, '')
  return bare.slice(bare.lastIndexOf('/') + 1).includes(':') ? bare : `${bare}:latest`
}

export function isSameTag(one: string, other: string): boolean {
  return listedTag(one).toLowerCase() === listedTag(other).toLowerCase()
}
