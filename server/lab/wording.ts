/** How figures are written in sentences and tables. */

/** Three significant digits at least, no more decimals than they need: 1,234 · 56.7 · −0.0123. */
export function writtenNumber(value: number): string {
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  const decimals = Math.min(6, Math.max(0, 2 - magnitude))
  const fixed = Math.abs(value).toFixed(decimals)
  const [whole = '', fraction = ''] = fixed.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  const kept = fraction.replace(/0+$/, '')
  const text = kept === '' ? grouped : `${grouped}.${kept}`
  return value < 0 && text !== '0' ? `−${text}` : text
}

const megabyte = 1e6

/** A value with its unit; bytes as megabytes. */
export function writtenValue(value: number, unit: string): string {
  if (unit === 'bytes') return `${writtenNumber(value / megabyte)} MB`
  return unit === '%' ? `${writtenNumber(value)} %` : `${writtenNumber(value)} ${unit}`
}

export const writtenRatio = (ratio: number) => `${ratio.toFixed(2)}×`

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
