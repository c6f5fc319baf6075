import type { Writable } from 'node:stream'
import type { Config } from '../server/config.ts'
import { provisionFrom } from '../server/setup/provision.ts'
import { FALLBACK_SPEECH_MODEL, PREFERRED_SPEECH_MODEL } from '../server/shared/defaults/speechDefaults.ts'

/** The engines, the speech levels and the voice that the tests on real engines start with; tests fetch what more they need. */
export async function setupForTests(config: Config, out: Writable): Promise<void> {
  const provision = provisionFrom(config.CACHE_DIR)
  const { signal } = new AbortController()
  const said = new Map<string, string>()
  const report = (item: string, { status }: { status: string }) => {
    if (said.get(item) === status) return
    said.set(item, status)
    out.write(`${item}: ${status}\n`)
  }
  await Promise.all([
    provision.ollama(report, signal),
    provision
      .whisper(report, signal)
      .then(() => provision.speechLevel(FALLBACK_SPEECH_MODEL, report, signal)),
    provision.speechLevel(PREFERRED_SPEECH_MODEL, report, signal),
    provision.voice('hibari', report, signal),
  ])
}
