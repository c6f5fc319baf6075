/** One step of an alignment: words that are alike, or one edit. `-1` where that side has no word. */
export type Step = {
  operation: 'equal' | 'substitute' | 'insert' | 'delete'
  reference: number
  transcript: number
}

/**
 * The steps from one word sequence to another with the fewest substitutions, insertions and deletions (Levenshtein),
 * and among those with the most words alike, which is how a reader would pair them. Time and memory grow with the
 * product of both lengths.
 */
export function align(reference: readonly string[], transcript: readonly string[]): Step[] {
  const rows = reference.length + 1
  const columns = transcript.length + 1
  // An edit outweighs all words that can be alike.
  const edit = rows + columns
  const cost = new Float64Array(rows * columns)
  const at = (row: number, column: number) => cost[row * columns + column] ?? 0
  const alike = (row: number, column: number) => reference[row - 1] === transcript[column - 1]
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (row === 0 && column === 0) continue
      const deletion = row === 0 ? Infinity : at(row - 1, column) + edit
      const insertion = column === 0 ? Infinity : at(row, column - 1) + edit
      const both =
        row === 0 || column === 0 ? Infinity : at(row - 1, column - 1) + (alike(row, column) ? -1 : edit)
      cost[row * columns + column] = Math.min(deletion, insertion, both)
    }
  }
  const steps: Step[] = []
  for (let row = rows - 1, column = columns - 1; row > 0 || column > 0; ) {
    const here = at(row, column)
    if (row > 0 && column > 0 && alike(row, column) && here === at(row - 1, column - 1) - 1) {
      steps.push({ operation: 'equal', reference: --row, transcript: --column })
    } else if (row > 0 && column > 0 && here === at(row - 1, column - 1) + edit) {
      steps.push({ operation: 'substitute', reference: --row, transcript: --column })
    } else if (row > 0 && here === at(row - 1, column) + edit) {
      steps.push({ operation: 'delete', reference: --row, transcript: -1 })
    } else {
      steps.push({ operation: 'insert', reference: -1, transcript: --column })
    }
  }
  return steps.reverse()
}

/** Fewest substitutions, insertions and deletions of words between both. */
export const wordEdits = (reference: readonly string[], transcript: readonly string[]): number =>
  align(reference, transcript).filter(({ operation }) => operation !== 'equal').length
