import { describe, expect, test } from 'vitest'
import { createClauseSplitter } from '../../../server/voice/clauses.ts'
import { proseReplies, split } from '../../support/voice/splitClauses.ts'

const texts = (reply: string, language?: string) => split([reply], language).map(clause => clause.text)

describe('sentences', () => {
  test.each(proseReplies)('%s', marked => {
    const reply = marked.replaceAll('|', '')
    const found = split([reply]).map(clause => reply.slice(clause.start, clause.end))
    expect(found).toEqual(expectedCuts(marked))
  })

  /** "Well," alone is too short to begin with. */
  function expectedCuts(marked: string): string[] {
    const parts = marked.split('|').map(part => part.trim())
    return parts[0] === 'Well,' ? ['Well, this was nice.'] : parts
  }
})

describe('the first clause', () => {
  test('ends at a comma once it has three words and twelve characters', () => {
    expect(texts('Sure, that is a good question, and here is the answer.')).toEqual([
      'Sure, that is a good question,',
      'and here is the answer.',
    ])
  })
  test('is not cut at a comma before that', () => {
    expect(texts('Oh, I see, it works, now.')).toEqual(['Oh, I see, it works,', 'now.'])
  })
  test('may end at a colon, a semicolon or a dash', () => {
    expect(texts('Here is the thing: it works.')[0]).toBe('Here is the thing:')
    expect(texts('It works very well; really.')[0]).toBe('It works very well;')
    expect(texts('It works very well — really.')[0]).toBe('It works very well,')
  })
  test('comes out as soon as the next word begins, without waiting for its end', () => {
    const splitter = createClauseSplitter()
    expect(splitter.push('Of course, my friend,')).toEqual([])
    expect(splitter.push(' ')).toEqual([])
    expect(splitter.push('h').map(clause => clause.text)).toEqual(['Of course, my friend,'])
  })
  test('a sentence comes out with the first letter of the next one', () => {
    const splitter = createClauseSplitter()
    expect(splitter.push('Paris.')).toEqual([])
    expect(splitter.push(' I').map(clause => clause.text)).toEqual(['Paris.'])
  })
  test('is still to come after text with nothing to say', () => {
    expect(split(['🎉 \n\n---\n\nOf course, my friend, it is.'])).toEqual([
      { text: 'Of course, my friend,', start: 0, end: 31 },
      { text: 'it is.', start: 32, end: 38 },
    ])
  })
})

describe('a boundary waits for its proof', () => {
  test.each<[string, string[], string[]]>([
    ['a decimal number', ['It is 3.', '14 meters. So'], ['It is 3.14 meters.', 'So']],
    ['a thousands separator', ['There are exactly 1,', '000 of them.'], ['There are exactly 1,000 of them.']],
    ['an abbreviation', ['It is 5 p.m.', ' T', 'oday is fine.'], ['It is 5 p.m. Today is fine.']],
    ['an abbreviation that ends it', ['It is 5 p.m.', ' T', 'he end.'], ['It is 5 p.m.', 'The end.']],
    ['a code fence', ['Look here.\n`', '``\na. B\n`', '``\nDone.'], ['Look here.', 'Code block.', 'Done.']],
    ['inline code', ['Type `a.', ' B', ' c` now.'], ['Type a. B c now.']],
    ['a link', ['Read [this. It', ' is](http://x.y) now.'], ['Read this. It is now.']],
    ['an unclosed tick', ['Type ` now. ', 'It works.'], ['Type now.', 'It works.']],
  ])('%s', (_name, chunks, expected) => {
    expect(split(chunks).map(clause => clause.text)).toEqual(expected)
  })
})

describe('lines and blocks', () => {
  test('items of a list are clauses of their own', () => {
    expect(texts('Here are three things:\n\n1. **Wash** it\n2. Dry it. Well\n- fold it\n* done')).toEqual([
      'Here are three things:',
      '1, Wash it',
      '2, Dry it.',
      'Well',
      'fold it',
      'done',
    ])
  })
  test('a wrapped line goes on', () => {
    expect(texts('This is a line\nthat goes on. Good.')).toEqual(['This is a line that goes on.', 'Good.'])
  })
  test('a heading does not', () => {
    expect(texts('# Cats\nare nice.')).toEqual(['Cats', 'are nice.'])
  })
  test('a block of code is a short note, whatever is in it', () => {
    const reply = 'Do this:\n```js\nfoo(). Bar! `x`\n\n# no\n```\nThat is all.'
    expect(split([reply]).map(({ text, start, end }) => [text, reply.slice(start, end)])).toEqual([
      ['Do this:', 'Do this:'],
      ['Code block.', '```js\nfoo(). Bar! `x`\n\n# no\n```'],
      ['That is all.', 'That is all.'],
    ])
  })
  test('a block of code that never ends is one note', () => {
    expect(texts('So:\n~~~\nfoo. Bar\n```\nbaz')).toEqual(['So:', 'Code block.'])
  })
  test('three ticks within a line are inline code', () => {
    expect(texts('Good. ```x. Y``` is it. Next')).toEqual(['Good.', 'x. Y is it.', 'Next'])
    expect(texts('Good.\n```x. Y``` is it.\nNext')).toEqual(['Good.', 'x. Y is it.', 'Next'])
  })
  test('a table is read by rows', () => {
    expect(texts('| Name | Age |\n|------|:---:|\n| Ann | 12 |')).toEqual(['Name, Age', 'Ann, 12'])
  })
  test('nothing to say gives no clause', () => {
    expect(split(['', ' \n', '🎉', '\n---\n', '** **'])).toEqual([])
  })
})

describe('long sentences', () => {
  const words = (count: number) => ['Words', ...Array.from({ length: count - 1 }, () => 'word')].join(' ')
  test('are cut at the last punctuation within 200 characters', () => {
    const found = texts(`First. ${words(20)}, ${words(15)}; ${words(30)}.`)
    expect(found).toEqual(['First.', `${words(20)}, ${words(15)};`, `${words(30)}.`])
  })
  test('are cut at a blank if there is no punctuation within 300', () => {
    const found = texts(`First. ${words(100)}.`)
    expect(found.join(' ')).toBe(`First. ${words(100)}.`)
    expect(Math.max(...found.map(text => text.length))).toBeLessThanOrEqual(300)
  })
  test('stay whole without any blank', () => {
    expect(texts('x'.repeat(2000))).toEqual(['x'.repeat(2000)])
  })
  test('a long reply in one piece is split in reasonable time', () => {
    const sentence = 'This is one of very many sentences in here. '
    expect(split([sentence.repeat(2000)])).toHaveLength(2000)
  })
})

describe('other languages', () => {
  test('keep their letters', () => {
    expect(texts('Où est-il ? Là-bas. Ça va.', 'fr')).toEqual(['Où est-il?', 'Là-bas.', 'Ça va.'])
    expect(texts('Voilà :\n```\nx\n```\nBon.', 'fr')).toEqual(['Voilà:', 'Bon.'])
    expect(texts('你好。今天天气很好。', 'zh')).toEqual(['你好。', '今天天气很好。'])
  })
})

describe('a formula', () => {
  const closing = 'Energy is mass, times the square of the speed of light.'
  test.each<[string, string, string]>([
    ['between dollars, over lines', '$$\nE = mc^2\n$$', 'E equals m c squared'],
    ['in brackets, over lines', '\\[\nE = mc^2.\n\\]', 'E equals m c squared.'],
    [
      'of several rows',
      '\\begin{align}\nx + y &= 4, \\\\\ny &= 3\n\\end{align}',
      'x plus y equals 4, y equals 3',
    ],
    ['with a comma in it', '\\(f(x, y, z) = x\\)', 'f(x, y, z) equals x'],
    ['between single dollars, with a comma in it', '$f(x, y, z) = x$', 'f(x, y, z) equals x'],
  ])('%s is one clause, wherever it is chunked', (_, formula, said) => {
    const reply = `${formula}\n\n${closing}`
    expect(texts(reply)[0]).toBe(said)
    for (let at = 1; at < reply.length; at++)
      expect(split([reply.slice(0, at), reply.slice(at)])).toEqual(split([reply]))
  })

  test.each([
    ['$$\n\nThat was it, and no more of it. So it goes.'],
    ['\\[\n\nThat was it, and no more of it. So it goes.'],
    ['\\( That was it, and no more of it.\n\nSo it goes.'],
  ])('that is never closed holds up nothing behind a blank line: %j', reply => {
    expect(texts(reply).at(-1)).toBe('So it goes.')
    const splitter = createClauseSplitter()
    expect(splitter.push(reply).length).toBeGreaterThan(0)
  })

  test('that money begins is none', () => {
    const splitter = createClauseSplitter()
    expect(splitter.push('It costs $5 a month, and').map(clause => clause.text)).toEqual([
      'It costs 5 dollars a month,',
    ])
  })
})
