import { Gauge, type Registry } from '@prometheus-io/client'

/** What this process carries now, of what it may. */
export type Load = {
  openSessions: number
  maxSessions: number
  /** Turns of people; those of comparisons wait for them. */
  turnsUnderWay: number
  draining: boolean
  /** Turns that wait for a record elsewhere; 0 where it is here. */
  spooledRows: number
}

/** Gauges of the load, in `registry`, for those who balance and scale. The function that is returned sets all of them. */
export function createLoadMetrics(registry: Registry) {
  const registers = [registry]
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers })
  const sessions = gauge('quantvox_sessions_active', 'Open live sessions.')
  const capacity = gauge('quantvox_sessions_capacity', 'Live sessions that may be open at once.')
  const turns = gauge('quantvox_turns_active', 'Turns of people that are under way.')
  const draining = gauge('quantvox_draining', 'Whether the server lets turns end and takes no more: 1 or 0.')

  const spooled = gauge(
    'quantvox_spool_rows',
    'Turns in a file of this replica that PostgreSQL has still to take.',
  )

  return (load: Load): void => {
    sessions.set(load.openSessions)
    capacity.set(load.maxSessions)
    turns.set(load.turnsUnderWay)
    draining.set(load.draining ? 1 : 0)
    spooled.set(load.spooledRows)
  }
}
