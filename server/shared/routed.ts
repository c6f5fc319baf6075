/**
 * What a router in front of several hosts is told, and what it says of an answer: docs/operations/router.cfg. An engine
 * that is asked directly says nothing.
 */

/** The same value on all requests of a conversation: its prompt is in one host's cache. */
const AFFINITY_HEADER = 'x-quantvox-conversation'
/** On what may be refused rather than queued: nobody waits for it. */
const PARTIAL_HEADER = 'x-quantvox-partial'

/** Who answered behind a router; figures that it does not tell are null. */
export type Routed = {
  /** Its name for the host. */
  host: string
  /** The wait for a place at it, milliseconds. */
  queueMs: number | null
  /** Attempts before it, at the same host or others. */
  retries: number | null
}

/** How a request is handed to a router, which an engine that is asked directly does not look at. */
export type Routing = {
  /** What belongs together goes to one host. */
  affinity?: string | undefined
  /** Rather refused there than queued. */
  isPartial?: boolean
  /** Told who answers, before the answer is read; null without a router. */
  onAnswer?: (by: Routed | null) => void
}

/** The headers that tell a router so. */
export const routingHeaders = ({ affinity, isPartial }: Routing): Record<string, string> => ({
  ...(affinity === undefined ? {} : { [AFFINITY_HEADER]: affinity }),
  ...(isPartial ? { [PARTIAL_HEADER]: '1' } : {}),
})

/** Null without a router. What is not of the shape that HAProxy writes is not believed. */
export function routedBy(header: (name: string) => string | null | undefined): Routed | null {
  const host = header('x-engine-host') ?? ''
  if (!/^[\w.:[\]/-]{1,100}$/.test(host)) return null
  return { host, queueMs: countIn(header('x-queue-ms')), retries: countIn(header('x-retries')) }
}

/** HAProxy puts a plus before retries that went to another host, and tells -1 of what did not come that far. */
function countIn(text: string | null | undefined): number | null {
  return text && /^\+?\d{1,9}$/.test(text) ? Number(text) : null
}
