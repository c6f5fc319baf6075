import { lookup } from 'node:dns/promises'
import { type Config, isLoopback } from '../config.ts'
import { createWyoming, type WyomingDependencies } from '../doors/wyoming/door.ts'
import { announce } from '../doors/wyoming/zeroconf.ts'
import type { Log } from '../log.ts'

type Served = Pick<WyomingDependencies, 'stages' | 'replies' | 'speechModels' | 'voices'>

/** The door for Home Assistant at WYOMING_PORT; where that is not set it never opens. */
export function wyomingOf(config: Config, { stages, replies, speechModels, voices }: Served, log: Log) {
  const { HOST: host, WYOMING_PORT: wanted, MAX_UPLOAD_MB, MAX_SESSIONS, STOP_SECONDS } = config
  const limits = { maxUploadBytes: MAX_UPLOAD_MB * 2 ** 20, maxTurns: MAX_SESSIONS }
  const door = createWyoming({ ...{ stages, replies, speechModels, voices }, ...limits }, log)
  let announced: ReturnType<typeof announce> | null = null

  return {
    /** Rejects with the system's error. */
    async listen(): Promise<void> {
      if (wanted === null) return
      const port = await door.listen(host, wanted)
      if (isLoopback(host)) {
        log.info({ host, port }, 'Wyoming is served on this machine')
        return
      }
      log.warn(
        { host, port },
        'Wyoming is served to the network, and the protocol has no authentication: whoever reaches this port may speak, listen and ask',
      )
      const { address } = await lookup(host)
      announced = announce({ host: address, port }, log)
    },
    async close(): Promise<void> {
      await announced?.stop()
      await door.close(AbortSignal.timeout(STOP_SECONDS * 1000))
    },
    hangUp: door.hangUp,
  }
}
