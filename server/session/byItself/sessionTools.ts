import type { Log } from '../../log.ts'
import { createTimers, nameOf } from '../../tools/own/timers.ts'
import type { ToolSession } from '../../tools/toolbox.ts'
import type { Sink } from '../events.ts'

type Models = Parameters<ToolSession['switchTo']>[0]

export type SessionTools = ToolSession & {
  /** The listener's sink, with an ear for what is waited for. */
  sink: Sink
  /** The session takes no further turn: who listens is told which timers are lost. */
  finish(): void
  /** Nobody listens any more. */
  leave(): void
}

export type SessionToolsOptions = {
  listener: Sink
  models: ToolSession['models']
  /** Says it as soon as nobody has the floor. */
  announce(text: string): void
  /** Throws where they cannot be had. */
  configure(models: Models): Promise<void>
  report(thrown: unknown): void
  log: Log
  signal: AbortSignal
}

/** What tools do in one live session. */
export function createSessionTools(options: SessionToolsOptions): SessionTools {
  const { listener, announce, log, signal } = options
  const timers = createTimers(timer => announce(`Your ${nameOf(timer)} is over.`))
  /** By the turns in which they were asked for. */
  const wanted = new Map<string, Models>()

  async function configure(models: Models): Promise<void> {
    try {
      await options.configure(models)
    } catch (error) {
      if (signal.aborted) return
      options.report(error)
      announce(`I could not switch to ${Object.values(models).join(' and ')}.`)
    }
  }

  return {
    timers,
    models: options.models,
    // Loaded while that reply is made, it could push out the model that makes it.
    switchTo: (models, turnId) => void wanted.set(turnId, { ...wanted.get(turnId), ...models }),
    sink: {
      play: listener.play,
      tell(event) {
        listener.tell(event)
        if (event.type !== 'reply.done' && event.type !== 'turn.done') return
        const models = wanted.get(event.turnId)
        wanted.delete(event.turnId)
        if (models !== undefined) void configure(models)
      },
    },
    finish() {
      const lost = timers.stop().map(nameOf)
      if (lost.length > 0) announce(`The server stops. Your ${lost.join(' and your ')} will not be told.`)
    },
    leave() {
      const lost = timers.stop().length
      if (lost > 0) log.info({ timers: lost }, 'timers are lost with their session')
    },
  }
}
