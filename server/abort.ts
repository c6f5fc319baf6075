/** `promise`, or the signal's reason as soon as it aborts; the work itself goes on for others that wait for it. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody may be left to hear it fail.
  promise.catch(() => {})
  signal.throwIfAborted()
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** `promise`, or after `ms` what `onLate` gives or throws; the work itself goes on. */
export async function within<T, L>(promise: Promise<T>, ms: number, onLate: () => L): Promise<T | L> {
  const late = Promise.withResolvers<null>()
  const timer = setTimeout(late.resolve, ms, null)
  try {
    // Wrapped, so that a value is told from being late.
    const first = await Promise.race([promise.then(value => ({ value })), late.promise])
    return first === null ? onLate() : first.value
  } finally {
    clearTimeout(timer)
  }
}

/** `work` under a signal that is `signal`, and aborts after `ms` with what `onLate` gives; then that is thrown. */
export async function patiently<T>(
  ms: number,
  signal: AbortSignal,
  onLate: () => unknown,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(onLate()), ms)
  try {
    return await work(AbortSignal.any([signal, late.signal]))
  } catch (error) {
    throw late.signal.aborted && !signal.aborted ? late.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}

/** Settles after `ms`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
