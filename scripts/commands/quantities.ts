import { InvalidArgumentError } from 'commander'

const msPerUnit: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const bytesPerUnit: Record<string, number> = {
  ...{ b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
}

/** `300ms`, `90s`, `5m`, `1.5h` in milliseconds. */
export const milliseconds = quantity(msPerUnit, 'a time such as 300ms, 90s or 5m')
/** `512MB`, `1GB`, `1GiB` in bytes. */
export const bytes = quantity(bytesPerUnit, 'a size such as 512MB or 1GiB')

function quantity(units: Record<string, number>, form: string) {
  return (text: string): number => {
    const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim()) ?? []
    const value = Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN)
    if (Number.isFinite(value) && value > 0) return value
    throw new InvalidArgumentError(`It must be ${form}.`)
  }
}

/** A number of 0 or more. */
export function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value
  throw new InvalidArgumentError('It must be a number, 0 or more.')
}

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

/** Comma-separated names, without blanks. */
export function namesIn(text: string): string[] {
  const names = text.split(',').flatMap(name => (name.trim() === '' ? [] : [name.trim()]))
  if (names.length > 0) return [...new Set(names)]
  throw new InvalidArgumentError('It must be one or more names, comma-separated.')
}
