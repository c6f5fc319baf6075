import type { PullProgress } from '../../server/protocol/models.ts'
import { type Api, ApiError } from '../api.ts'
import { bytes, percent } from '../figures.ts'

export type PullState =
  | { state: 'running'; progress: PullProgress }
  | { state: 'failed'; message: string; mend: string | undefined }
  | { state: 'cancelled' }

/**
 * Pulls a model, or joins whoever pulls it already, and tells how far it is. Resolves to true when it is here, to false when it
 * failed, which the last `tell` says. The pull goes on if this page leaves.
 */
export async function pull(
  api: Api,
  kind: 'language' | 'speech' | 'wake',
  body: { name: string; acceptLicence?: string | null },
  tell: (state: PullState) => void,
): Promise<boolean> {
  try {
    for await (const { event, data } of api.events(`/v1/models/${kind}/pull`, {
      method: 'POST',
      body,
    })) {
      if (event === 'done') return true
      if (event === 'cancelled') {
        tell({ state: 'cancelled' })
        return false
      }
      if (event === 'error') {
        const { message, mend } = data as { message: string; mend?: string }
        tell({ state: 'failed', message, mend })
        return false
      }
      tell({ state: 'running', progress: data as PullProgress })
    }
    tell({ state: 'failed', message: 'The server broke off.', mend: 'Try again: what was fetched is kept.' })
  } catch (error) {
    const mend = error instanceof ApiError ? error.mend : undefined
    tell({ state: 'failed', message: (error as Error).message, mend })
  }
  return false
}

/** Gives it up for everybody; whoever follows it is told. What was fetched is kept. */
export const cancelPull = (api: Api, kind: 'language' | 'speech', name: string): Promise<void> =>
  api.send('DELETE', `/v1/models/${kind}/pull?name=${encodeURIComponent(name)}`)

/** Deletes it from the server's disk. */
export const removeModel = (api: Api, kind: 'language' | 'speech', name: string): Promise<void> =>
  api.send('DELETE', `/v1/models/${kind}?name=${encodeURIComponent(name)}`)

/** 0 to 1, or null while it is not known how much there is. */
export function shareDone({ completedBytes, totalBytes }: PullProgress): number | null {
  if (completedBytes === null || totalBytes === null || totalBytes === 0) return null
  return Math.min(1, completedBytes / totalBytes)
}

/** `31 %, 45 MB of 145 MB, downloading`. */
export function progressInWords(progress: PullProgress): string {
  const { status, completedBytes, totalBytes } = progress
  const share = shareDone(progress)
  if (share === null) return completedBytes === null ? status : `${bytes(completedBytes)}, ${status}`
  return `${percent(share)}, ${bytes(completedBytes)} of ${bytes(totalBytes)}, ${status}`
}
