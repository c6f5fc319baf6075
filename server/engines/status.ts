/** What an engine does now, as `/readyz` shows it. `restarting` is the time between a crash and being ready again. */
export type EngineState = 'starting' | 'ready' | 'restarting' | 'stopped' | 'failed'

export type EngineStatus = {
  name: string
  state: EngineState
  /** Why it last stopped or could not be used, one sentence; null when nothing went wrong since it was last ready. */
  lastError: string | null
  pid: number | null
}
