import type { EndpointingPreset } from '../../../server/protocol/socketClient.ts'

/** One way to end turns, of those that are put beside each other. */
export type Arm = {
  name: string
  endpointing: { mode: 'learned'; preset: EndpointingPreset } | { mode: 'silence'; silenceMs: number }
}

/** @throws Error for what is neither a preset nor milliseconds */
export function armOf(text: string): Arm {
  if (text === 'fast' || text === 'balanced' || text === 'patient') {
    return { name: text, endpointing: { mode: 'learned', preset: text } }
  }
  const silenceMs = Number(text)
  if (!Number.isInteger(silenceMs)) throw new Error(`${text} is no preset and no silence in milliseconds`)
  return { name: `silence ${silenceMs}`, endpointing: { mode: 'silence', silenceMs } }
}
