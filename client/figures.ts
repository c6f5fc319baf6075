import { counted, fixed } from '../server/shared/figures.ts'

/** Figures for the eye, in one form everywhere; null is a dash. */

const DASH = '–'

/** `7.4`, `412`, `1,240`; without the unit. */
export function milliseconds(ms: number | null): string {
  if (ms === null) return DASH
  return fixed(ms, Math.abs(ms) < 9.95 ? 1 : 0)
}

/** `412 ms`, and from ten seconds on `12.4 s`. */
export function duration(ms: number | null): string {
  if (ms === null) return DASH
  return Math.abs(ms) < 9_999.5 ? `${milliseconds(ms)} ms` : `${fixed(ms / 1000, 1)} s`
}

/** `40 s`, `3 min`, `2 h 5 min`: what is left of something. */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const rest = minutes % 60
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`
}

/** `98 MB`, `1.3 GB`: decimal, as disks and Ollama count. */
export function bytes(count: number | null): string {
  if (count === null) return DASH
  const size = Math.abs(count)
  if (size < 999_500) return `${fixed(count / 1e3, 0)} kB`
  return size < 999_500_000 ? `${fixed(count / 1e6, 0)} MB` : `${fixed(count / 1e9, 1)} GB`
}

/** `14 tokens and 412 ms for nothing`: of a language model that was asked at pauses; null where it was not for nothing. */
export function forNothing(tokens: number, engineMs: number): string | null {
  return engineMs > 0 ? `${counted(tokens, 'token')} and ${duration(engineMs)} for nothing` : null
}

/** 0.314 → `31 %`. */
export function percent(share: number | null): string {
  return share === null ? DASH : `${fixed(share * 100, 0)} %`
}

/** `25 Nov, 10:15:09` in the reader's time zone and language. */
export function clockTime(iso: string): string {
  const time = new Date(iso)
  return Number.isNaN(time.getTime())
    ? iso
    : time.toLocaleString(undefined, {
        day: 'numeric',
        month: 'short',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      })
}

/** `40 – 52 ms` of `40 ms` and `52 ms`. */
export function rangeInWords(low: string, high: string): string {
  const unit = / [^\d]*$/.exec(high)?.[0] ?? ''
  return `${unit !== '' && low.endsWith(unit) ? low.slice(0, -unit.length) : low} – ${high}`
}
