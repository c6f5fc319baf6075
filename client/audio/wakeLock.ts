export type WakeLock = ReturnType<typeof createWakeLock>

/** Keeps the screen on while that is wanted and the browser lets it; a page that is out of sight loses the lock and asks again. */
export function createWakeLock() {
  let wanted = false
  let lock: WakeLockSentinel | null = null
  let isAsking = false

  async function update(): Promise<void> {
    if (isAsking || !('wakeLock' in navigator)) return
    if (!wanted) {
      const held = lock
      lock = null
      await held?.release()
      return
    }
    if (lock !== null || document.hidden) return
    isAsking = true
    // Refused where the battery is low; talking goes on.
    const given = await navigator.wakeLock.request('screen').catch(() => null)
    isAsking = false
    lock = given
    given?.addEventListener('release', () => {
      if (lock === given) lock = null
    })
    if (!wanted) await update()
  }

  document.addEventListener('visibilitychange', () => void update())
  return {
    want(next: boolean): void {
      if (next === wanted) return
      wanted = next
      void update()
    },
  }
}
