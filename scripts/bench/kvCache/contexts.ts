import { readFileSync } from 'node:fs'

/** English of this project's own: its documentation, each text of other paragraphs. */
const documents = ['architecture', 'operations', 'security', 'comparisons', 'protocol', 'observability']
/** Of such text, by the tokenizers of small models; what a prompt really had is in the table. */
const CHARACTERS_A_TOKEN = 3.3
const MOST_TOKENS = 3200

/** So many texts that are long enough for every context. */
export function longTexts(count: number): string[] {
  const all = documents
    .map(name => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8'))
    .join('\n\n')
  const prose = all.split('\n').filter(line => /^[A-Z][a-z]/.test(line) && line.length > 80)
  const length = Math.ceil(MOST_TOKENS * CHARACTERS_A_TOKEN)
  const texts: string[] = []
  for (let at = 0; texts.length < count; at += Math.ceil(prose.length / count)) {
    let text = ''
    for (let line = at; text.length < length; line++) text += `${prose[line % prose.length]}\n`
    texts.push(text)
  }
  return texts
}

/** Beginnings of a text of about so many tokens, each a few words longer than the one before, cut before a word. */
export function cutsNear(text: string, tokens: number, count: number): string[] {
  const from = Math.round(tokens * CHARACTERS_A_TOKEN)
  const starts = [...text.slice(from).matchAll(/\s+(?=\S)/g)].map(({ index }) => from + index)
  return Array.from({ length: count }, (_, at) => text.slice(0, starts[3 * at] ?? text.length))
}
