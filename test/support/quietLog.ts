import type { Log } from '../../server/log.ts'

export type LogLine = { level: string; fields: Record<string, unknown>; message: string }

/** A log that keeps its lines for the test to look at. */
export function quietLog(): Log & { lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
