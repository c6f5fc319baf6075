import Type from 'typebox'
import { Compile } from 'typebox/schema'
import { createJsonTable } from '../jsonTable.ts'

const Tags = Compile(Type.Array(Type.String()))
const Words = Compile(Type.Array(Type.String()))
const UsualTags = Compile(Type.Record(Type.String(), Type.String()))
const Weights = Compile(Type.Record(Type.String(), Type.Number()))

const before = ['-START2-', '-START-']
const after = ['-END-', '-END2-']

const firstOf = (word: string) => [...word.slice(0, 2)][0] ?? ''
const lastThree = (word: string) => [...word].slice(-3).join('')

function plain(word: string): string {
  if (word.includes('-') && !word.startsWith('-')) return '!HYPHEN'
  if (/^\p{Nd}{4}$/u.test(word)) return '!YEAR'
  return /^\p{Nd}/u.test(word) ? '!DIGITS' : word.toLowerCase()
}

function shape(word: string): string {
  if (/^\p{L}+$/u.test(word)) {
    if (word === word.toLowerCase()) return 'x'
    if (word === word.toUpperCase()) return [...word].length > 1 ? 'XX' : 'X1'
    const [first = '', ...rest] = word
    return first !== first.toLowerCase() && rest.join('') === rest.join('').toLowerCase() ? 'Xx' : 'xX'
  }
  if (/^\p{Nd}+$/u.test(word)) return 'd'
  return [...word]
    .slice(0, 4)
    .map(letter => (/\p{Nd}/u.test(letter) ? 'd' : /\p{L}/u.test(letter) ? 'x' : letter))
    .join('')
}

/**
 * Parts of speech by the averaged perceptron of the package (Penn Treebank tags; Collins 2002): words with one usual tag have
 * it, the others the tag with the largest sum of weights.
 * @param file `tagger.json`
 */
export function createTagger(file: Buffer): (words: readonly string[]) => string[] {
  const partOf = createJsonTable(file)
  const read = (name: string): unknown => JSON.parse(partOf(name)?.toString('utf8') ?? 'null')
  const tags = Tags.Parse(read('tags'))
  const usual = new Map(Object.entries(UsualTags.Parse(read('tagdict'))))
  const frequent = new Set(Words.Parse(read('vocab')))
  const weightsOf = createJsonTable(partOf('weights') ?? Buffer.alloc(0))

  function likeliest(features: readonly string[]): string {
    const scores = new Map<string, number>()
    for (const feature of features) {
      const weights = weightsOf(feature)
      if (weights === undefined) continue
      for (const [tag, weight] of Object.entries(Weights.Parse(JSON.parse(weights.toString('utf8')))))
        scores.set(tag, (scores.get(tag) ?? 0) + weight)
    }
    if (scores.size === 0) return 'NN'
    const scored = tags.map(tag => ({ tag, score: scores.get(tag) ?? 0 }))
    return scored.reduce((best, one) =>
      one.score > best.score || (one.score === best.score && one.tag > best.tag) ? one : best,
    ).tag
  }

  return words => {
    const known = words
      .map(plain)
      .map((word, at) => (frequent.has(word) ? word : `<${shape(words[at] ?? '')}>`))
    const context = [...before, ...known, ...after]
    let [last2 = '', last = ''] = before
    return words.map((word, at) => {
      const tag = usual.get(word) ?? likeliest(featuresOf(word, at, context, last, last2))
      last2 = last
      last = tag
      return tag
    })
  }
}

function featuresOf(word: string, at: number, context: readonly string[], last: string, last2: string) {
  const [left2 = '', left = '', here = '', right = '', right2 = ''] = context.slice(at, at + 5)
  return [
    ...['b', `s3=${lastThree(word)}`, `p1=${firstOf(word)}`, `w=${here}`, `sh=${shape(word)}`],
    ...[at === 0 ? 'i0' : 'i+', `t-1=${last}`, `t-2=${last2}`, `t-12=${last},${last2}`],
    ...[`w-1=${left}`, `s3-1=${lastThree(left)}`, `w-2=${left2}`],
    ...[`w+1=${right}`, `s3+1=${lastThree(right)}`, `w+2=${right2}`],
  ]
}
