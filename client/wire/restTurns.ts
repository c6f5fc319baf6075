import type { ServerInfo } from '../../server/protocol/info.ts'
import type { ServerMessage } from '../../server/protocol/socketServer.ts'
import type { TextTurn } from '../../server/protocol/turns.ts'
import type { Api } from '../api.ts'

export type RestTurnsOptions = {
  api: Api
  /** What a session would say of it. */
  hear(message: ServerMessage): void
  /** The spoken reply is there. */
  play(path: string): void
  failed(error: unknown): void
}

/** Typed questions where no socket comes through: one request each, answered as a session would. */
export function createRestTurns({ api, hear, play, failed }: RestTurnsOptions) {
  let tail = Promise.resolve()

  async function ask(question: TextTurn): Promise<void> {
    const voice = question.voice ?? (await api.get<ServerInfo>('/v1/info')).defaults.voice
    const body = { ...question, voice }
    for await (const { data } of api.events('/v1/turns', { method: 'POST', body })) {
      const message = data as ServerMessage
      hear(message)
      if (message.type === 'audio.done' && message.url !== undefined) play(message.url)
    }
  }

  return {
    /** After those that were asked before. */
    ask(question: TextTurn): void {
      tail = tail.then(() => ask(question)).catch(failed)
    },
  }
}
