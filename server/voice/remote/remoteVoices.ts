import Type from 'typebox'
import { Compile } from 'typebox/schema'
import { authorizationFor } from '../../credentials.ts'
import { speechUrl } from './remote.ts'

const Entry = Type.Union([
  Type.String(),
  Type.Object({ id: Type.String() }),
  Type.Object({ name: Type.String() }),
])

/** Nobody has standardised it: Kokoro-FastAPI answers `{voices}`, others `{data}`, of names or of objects. */
const VoicesAnswer = Compile(
  Type.Union([Type.Object({ voices: Type.Array(Entry) }), Type.Object({ data: Type.Array(Entry) })]),
)

const PATIENCE_MS = 2000
const MOST_VOICES = 1000

/**
 * The voices that a speech server names at `/v1/audio/voices`; empty where it names none or does not answer, since
 * a voice can be used without being listed.
 */
export async function remoteVoiceNames(url: string, signal: AbortSignal): Promise<string[]> {
  try {
    const address = speechUrl(url).replace(/speech$/, 'voices')
    const answer = await fetch(address, {
      headers: authorizationFor(address),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    })
    const body: unknown = await answer.json()
    if (!answer.ok || !VoicesAnswer.Check(body)) return []
    const entries = 'voices' in body ? body.voices : body.data
    const names = entries.map(entry =>
      typeof entry === 'string' ? entry : 'id' in entry ? entry.id : entry.name,
    )
    return [...new Set(names)].filter(name => name !== '').slice(0, MOST_VOICES)
  } catch {
    signal.throwIfAborted()
    return []
  }
}
