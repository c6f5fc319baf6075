import Value from 'typebox/value'
import { within } from '../../../server/abort.ts'
import { Problem } from '../../../server/protocol/problem.ts'
import { TurnAnswer } from '../../../server/protocol/turns.ts'
import { askClip, askText, clip } from '../../../test/support/liveServer.ts'
import { connectLive } from '../../bench/liveClient.ts'

/** Two processors that are busy with other work leave a model a hundredth of its speed. */
const ENDS_WITHIN_MS = 100_000
const text = 'Say hello.'
/** Faster than a microphone, and not too fast for the server. */
const SPEED = 1.5
const PLAYED_EVERY_MS = 200

/** How a turn ended. */
export type Turn = {
  turnId: string
  outcome: string
  errorCode?: string | undefined
  message?: string | undefined
}

/** A client that asks one question after another, spoken or typed. */
export type Asker = {
  /** Rejects when the turn has no end within 100 s. */
  ask(isSpoken: boolean): Promise<Turn>
  leave(): void
}

/** What hears the question, and what speaks the reply. */
export type Models = { speechModel: string; voice: string }

export function restAsker(url: string, models: Models): Asker {
  return {
    async ask(isSpoken) {
      const patience = AbortSignal.timeout(ENDS_WITHIN_MS)
      const answer = await (isSpoken
        ? askClip(url, clip('azure-weather'), models, patience)
        : askText(url, text, { voice: models.voice }, patience))
      const body: unknown = await answer.json()
      if (Value.Check(TurnAnswer, body)) return { turnId: body.turnId, outcome: body.timings.outcome }
      if (Value.Check(Problem, body) && body.turnId !== undefined)
        return { turnId: body.turnId, outcome: 'failed', errorCode: body.code, message: body.detail }
      throw new Error(`an answer without a turn: ${JSON.stringify(body)}`)
    },
    leave() {},
  }
}

/** One session, whose client plays what is spoken as soon as it comes. */
export async function liveAsker(url: string, speech: Int16Array, models: Models): Promise<Asker> {
  const client = await connectLive(url, { mode: 'hands-free', ...models })
  let speaking: string | null = null
  const played = setInterval(() => {
    if (speaking !== null) playback(speaking, 'progress')
  }, PLAYED_EVERY_MS)
  const playback = (turnId: string, event: 'progress' | 'ended') =>
    client.send({ type: 'playback', turnId, event, positionMs: Number.MAX_SAFE_INTEGER })
  return {
    ask(isSpoken) {
      const ended = Promise.withResolvers<Turn>()
      let message: string | undefined
      const watching = client.watch(told => {
        if (told instanceof Error) ended.reject(told)
        else if (told.type === 'error') message = told.message
        else if (told.type === 'audio.started') speaking = told.turnId
        else if (told.type === 'audio.done') playback(told.turnId, 'ended')
        else if (told.type === 'turn.done') {
          speaking = null
          const { turnId, outcome, errorCode } = told
          ended.resolve({ turnId, outcome, errorCode, message })
        }
      })
      if (isSpoken) client.say(speech, SPEED).catch(ended.reject)
      else client.send({ type: 'text', text })
      return within(ended.promise, ENDS_WITHIN_MS, () => {
        throw new Error(`no end of a turn within ${ENDS_WITHIN_MS / 1000} s`)
      }).finally(watching.stop)
    },
    leave() {
      clearInterval(played)
      client.close()
    },
  }
}
