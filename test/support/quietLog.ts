import type { EngineLog } from '../../server/engines/status.ts'

export type LogLine = { level: string; fields: Record<string, unknown>; message: string }

/** A log that keeps its lines for the test to look at. */
export function quietLog(): EngineLog & { lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (fields: unknown, message?: unknown) => {
    lines.push({ level, fields: { ...(fields as object) }, message: String(message) })
  }
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  } as EngineLog & {
    lines: LogLine[]
  }
}
