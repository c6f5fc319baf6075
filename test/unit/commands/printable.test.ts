import { expect, test } from 'vitest'
import { printable } from '../../../scripts/commands/printable.ts'

test.each([
  ['plain text,\n\twith lines: naïve 你好 👋', 'plain text,\n\twith lines: naïve 你好 👋'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b]0;a title\u0007after', 'after'],
  ['\u001b]8;;http://example.com\u0007link\u001b]8;;\u0007', 'link'],
  ['over\rwritten \u0008\u007f \u009b2J', 'overwritten  '],
])('%j is printed as %j', (text, expected) => {
  expect(printable(text)).toBe(expected)
})
