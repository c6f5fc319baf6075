/** So much of it must be what was spoken, by words or by letters (pipecat and others take the same). */
const SHARE = 0.8

/**
 * Whether a text repeats a part of what was spoken, as a recognizer may have heard it: by its words, which stand there in the same
 * order, or by its letters.
 * @param text, spoken lower case, words apart by one blank
 */
export function isEchoOf(text: string, spoken: string): boolean {
  if (text === '' || spoken === '') return false
  const said = text.split(' ')
  if (inOrder(said, spoken.split(' ')) >= SHARE * said.length) return true
  const letters = text.replaceAll(' ', '')
  return lettersWrong(letters, spoken.replaceAll(' ', '')) <= (1 - SHARE) * letters.length
}

/** How many items of `part` stand in `whole` in the same order, at most (longest common subsequence). */
function inOrder(part: readonly string[], whole: readonly string[]): number {
  let above = new Array<number>(whole.length + 1).fill(0)
  for (const item of part) {
    const row = [0]
    for (const [index, other] of whole.entries()) {
      const without = Math.max(above[index + 1] ?? 0, row[index] ?? 0)
      row.push(item === other ? (above[index] ?? 0) + 1 : without)
    }
    above = row
  }
  return above.at(-1) ?? 0
}

/** Edits that make `part` of the stretch of `whole` that is nearest to it (Sellers' approximate matching). */
function lettersWrong(part: string, whole: string): number {
  let above = new Array<number>(whole.length + 1).fill(0)
  for (const [count, letter] of [...part].entries()) {
    const row = [count + 1]
    for (let index = 0; index < whole.length; index++) {
      const replaced = (above[index] ?? 0) + (letter === whole[index] ? 0 : 1)
      row.push(Math.min(replaced, (above[index + 1] ?? 0) + 1, (row[index] ?? 0) + 1))
    }
    above = row
  }
  return Math.min(...above)
}
