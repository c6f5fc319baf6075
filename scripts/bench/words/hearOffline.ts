import Value from 'typebox/value'
import { encodeWav } from '../../../server/audio/encodeWav.ts'
import { TurnMessage } from '../../../server/protocol/messages.ts'
import { streamedEvents } from '../../../server/shared/eventStream.ts'

/** What `POST /v1/turns` hears in a whole clip (mono, 16 kHz), '' for nothing; leaves before there is a reply. */
export async function hearOffline(url: string, samples: Int16Array, speechModel: string): Promise<string> {
  const body = new FormData()
  for (const [name, value] of Object.entries({ speechModel, voice: 'none' })) body.append(name, value)
  body.append('audio', new File([new Uint8Array(encodeWav(samples))], 'clip.wav'))
  const headers = { accept: 'text/event-stream' }
  const answer = await fetch(`${url}/v1/turns`, { method: 'POST', body, headers })
  if (answer.body === null) throw new Error(`POST /v1/turns answered ${answer.status} with nothing`)
  for await (const { data: message } of streamedEvents(answer.body)) {
    Value.Assert(TurnMessage, message)
    if (message.type === 'error') throw new Error(message.message)
    if (message.type === 'transcript.final') return message.text
    if (message.type === 'turn.done') return ''
  }
  throw new Error(`POST /v1/turns answered ${answer.status} and told no transcript`)
}
