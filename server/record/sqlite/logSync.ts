import { open } from 'node:fs/promises'

/**
 * Makes committed rows safe from a crash of the machine without making the event loop wait for the disk: with
 * `synchronous = NORMAL` SQLite leaves the write-ahead log to the operating system, and this flushes it on a thread
 * right after. Opening the log beside SQLite is safe: SQLite's locks are on the other two files, and frames that
 * are not whole are ignored by their checksums (https://sqlite.org/wal.html, https://sqlite.org/howtocorrupt.html).
 *
 * Calls during a flush are answered by one more flush after it.
 */
export function createLogSync(databasePath: string, onFailure: (error: unknown) => void) {
  let running: Promise<void> | null = null
  let again = false

  async function flush() {
    do {
      again = false
      const log = await open(`${databasePath}-wal`, 'r+')
      try {
        await log.datasync()
      } finally {
        await log.close()
      }
    } while (again)
  }

  function request(): void {
    again = true
    running ??= flush()
      .catch((error: unknown) => {
        // No log: the last connection closed, which moved everything into the file and flushed that.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) onFailure(error)
      })
      .finally(() => {
        running = null
        if (again) request() // asked for after the last look at `again`
      })
  }

  return {
    /** Starts a flush of what is committed now. Never throws. */
    request,
    /** Resolves when no flush runs. */
    settled: async (): Promise<void> => {
      while (running) await running
    },
  }
}
