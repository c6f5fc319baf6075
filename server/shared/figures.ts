/** Figures in one form, whatever language the machine or the browser speaks. */

/** `1,240.50` with two digits after the point. */
export function fixed(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** `3 turns`, `1 turn`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${fixed(count, 0)} ${count === 1 ? one : many}`
}
