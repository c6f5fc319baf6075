import { join, resolve } from 'node:path'
import { freePort } from '../../../server/engines/ports.ts'

export const routerConfiguration = resolve(import.meta.dirname, '../../../docs/operations/router.cfg')

/**
 * What docs/operations/router.cfg is told to stand on this machine, on free ports of loopback, its admin socket in `folder`.
 * @param llm address and port of both hosts, as of `speech`; those of the file where they are left out
 */
export async function routerEnvironment(
  folder: string,
  digest: string,
  llm: readonly [string, string],
  speech?: readonly [string, string],
) {
  const ports = { llm: await freePort(), speech: await freePort(), metrics: await freePort() }
  const socket = join(folder, 'admin.sock')
  return {
    ...{ ports, socket },
    environment: {
      ROUTER_SOCKET: socket,
      LLM_BIND: `127.0.0.1:${ports.llm}`,
      SPEECH_BIND: `127.0.0.1:${ports.speech}`,
      METRICS_BIND: `127.0.0.1:${ports.metrics}`,
      LLM_DIGEST: digest,
      ...{ LLM_HOST_1: llm[0], LLM_HOST_2: llm[1] },
      ...(speech && { SPEECH_HOST_1: speech[0], SPEECH_HOST_2: speech[1] }),
    },
  }
}
