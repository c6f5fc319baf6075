import type { QuantvoxError } from './errors.ts'
import { isMoonshineName } from './shared/defaults/speechDefaults.ts'

/** A place at a speech engine that has the model loaded: nobody else is in it until `release`. Times in milliseconds. */
export type SpeechEngineLease = {
  baseUrl: string
  /** The wait for others' requests, without loading. */
  queueMs: number
  /** True when this request had to wait for the model to load. */
  cold: boolean
  /** Start, load and warm-up of the model as a cold request met it; null when it was warm. */
  loadMs: number | null
  /** Program, version and where it runs, for instance `whisper-server 1.9.1, local process`. */
  engine: string
  /** Its address, of an engine that is not ours; null of our own. */
  host: string | null
  /**
   * What a request that failed came of: `error`, or what became of the engine meanwhile where that is known. One that did not
   * answer in time is ended and started again, or it would keep the next request waiting, too.
   */
  explain(error: QuantvoxError): Promise<QuantvoxError>
  /** May be called more than once. */
  release(): void
}

/**
 * Whether a level is run by our Moonshine engine, here or at an address that `SPEECH_URL` names it for; what has no path is at an engine
 * elsewhere that was not said to have it, and that is a whisper-server, whatever it is called.
 */
export const isMoonshine = ({ name, path }: { name: string; path: string }): boolean =>
  path !== '' && isMoonshineName(name)

/** An address of `SPEECH_URL`; `level` is the speech model that it is said to have, null where that is not said. */
export type SpeechHost = { level: string | null; url: string }
