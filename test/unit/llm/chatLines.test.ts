import { expect, test } from 'vitest'
import { wholeJsonLines } from '../../../server/llm/chatLines.ts'

/** What comes out for these chunks, or the error. */
async function passed(...chunks: (string | Uint8Array)[]): Promise<string> {
  const source = ReadableStream.from(chunks.map(chunk => Buffer.from(chunk)))
  return await new Response(source.pipeThrough(wholeJsonLines('http://box'))).text()
}

test('lines come out whole, blank ones not at all', async () => {
  expect(await passed('{"a":1}\n\n{"b"', ':2}\n', '{"c":3}')).toBe('{"a":1}\n{"b":2}\n{"c":3}\n')
})

test('a letter cut in the middle stays a letter', async () => {
  const bytes = Buffer.from('{"a":"ü"}\n')
  expect(await passed(bytes.subarray(0, 7), bytes.subarray(7))).toBe('{"a":"ü"}\n')
})

test('a last line that was cut is dropped', async () => {
  expect(await passed('{"a":1}\n{"b":')).toBe('{"a":1}\n')
})

test.each([['garbage\n'], ['{"a":1}\ngarbage\n'], ['<p>no line at all</p>'], ['{'.repeat(2 ** 20 + 1)]])(
  'what is no JSON fails with the address and none of what was said',
  async text => {
    const error: Error = await passed(text).then(
      () => expect.fail('it passed'),
      (thrown: Error) => thrown,
    )
    expect(error).toMatchObject({ code: 'engine_failed', message: expect.stringContaining('http://box') })
    expect(error.message).not.toMatch(/garbage|no line|\{/)
  },
)
