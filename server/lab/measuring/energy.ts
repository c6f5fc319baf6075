import { setTimeout as sleep } from 'node:timers/promises'
import type { EnergyMeter } from '../../engines/energy.ts'
import type { EnergyBatch } from '../observations.ts'
import { made, type Phase, type Unit } from './step.ts'

/** Shorter stretches drown in what else a machine does. */
export const BATCH_MS = 60_000

export type EnergyBench = {
  meter: EnergyMeter
  /** One clip, answer or turn of each arm, again and again. */
  work: { side: EnergyBatch['side']; arm: string; turn(signal: AbortSignal, index: number): Promise<void> }[]
  batchMs?: number
}

/** Joules of at least a minute of the same work without a pause, and the power of the machine at rest right before it. */
export function energyPhase({ meter, work, batchMs = BATCH_MS }: EnergyBench): Phase {
  return {
    name: 'energy',
    what: 'batches for energy',
    share: 0,
    firstUnitMs: 2 * batchMs,
    units: async () =>
      work.map(
        ({ side, arm, turn }): Unit => ({
          id: `energy ${side} ${arm}`,
          what: `energy of ${arm}`,
          steps: [
            {
              ...{ side, arm, noise: false },
              what: `a minute of ${arm}, after a minute of rest`,
              measure: async signal => {
                // Loads what it needs.
                await turn(signal, 0)
                const idle = await measured(meter, () => sleep(batchMs, undefined, { signal }))
                let turns = 0
                const busy = await measured(meter, async () => {
                  const endsAt = performance.now() + batchMs
                  for (; turns === 0 || performance.now() < endsAt; turns++) await turn(signal, turns)
                })
                const idleWatts = idle.joules / idle.seconds
                const { joules, seconds } = busy
                const batch = { side, arm, seconds, turns, joules, idleWatts, source: meter.source }
                return [{ kind: 'energy', ...made(false), ...batch }]
              },
            },
          ],
        }),
      ),
  }
}

async function measured(meter: EnergyMeter, work: () => Promise<unknown>) {
  const startedAt = performance.now()
  const joules = await meter.measure(work())
  return { joules, seconds: (performance.now() - startedAt) / 1000 }
}
