/** Figures in one form, whatever language the machine or the browser speaks. */

/** By digits after the point: making one takes longer than all it formats, and a waterfall that grows shows a dozen figures a frame. */
const formats = new Map<number, Intl.NumberFormat>()

/** `1,240.50` with two digits after the point. */
export function fixed(value: number, digits: number): string {
  const format =
    formats.get(digits) ??
    new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  formats.set(digits, format)
  return format.format(value)
}

/** `3 turns`, `1 turn`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${fixed(count, 0)} ${count === 1 ? one : many}`
}
