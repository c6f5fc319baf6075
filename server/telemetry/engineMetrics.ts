import { Counter, Gauge, type Registry } from '@prometheus-io/client'

/** One kind of engine as it is now. */
export type EngineFigures = {
  engine: 'ollama' | 'whisper-server' | 'moonshine' | 'flite' | 'hibari' | 'kokoro' | 'piper'
  up: boolean
  /** Times it was started again after a crash; null for one that somebody else runs. */
  restarts: number | null
  /** What each loaded model holds; null where that cannot be told. */
  models: { model: string; residentBytes: number | null }[]
}

/** Metrics of the engines, in `registry`. The function that is returned sets all of them at once. */
export function createEngineMetrics(registry: Registry) {
  const registers = [registry]
  const up = new Gauge({
    name: 'quantvox_engine_up',
    help: 'Whether the engine can be used: 1 or 0.',
    labelNames: ['engine'],
    registers,
  })
  const restarts = new Counter({
    name: 'quantvox_engine_restarts_total',
    help: 'Starts of an engine of ours after a crash or a failed start.',
    labelNames: ['engine'],
    registers,
  })
  const resident = new Gauge({
    name: 'quantvox_engine_resident_bytes',
    help: 'Memory that an engine holds with this model.',
    labelNames: ['engine', 'model'],
    registers,
  })

  return (figures: EngineFigures[]): void => {
    for (const metric of [up, restarts, resident]) metric.reset()
    for (const { engine, up: isUp, restarts: count, models } of figures) {
      up.set({ engine }, isUp ? 1 : 0)
      if (count !== null) restarts.inc({ engine }, count)
      for (const { model, residentBytes } of models)
        if (residentBytes !== null) resident.set({ engine, model }, residentBytes)
    }
  }
}
