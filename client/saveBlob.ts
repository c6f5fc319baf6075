import { el } from './dom.ts'

/** Hands a body to the browser as a download. */
export function saveBlob(blob: Blob, fileName: string): void {
  const url = URL.createObjectURL(blob)
  el('a', { href: url, download: fileName }).click()
  // The download has its own hold on the blob once it began; a moment later is early enough for the memory.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
