/** What the first bytes of a file say it is. */
export type Container = 'wav' | 'ogg' | 'webm' | 'mp4' | 'mp3' | 'flac' | 'aac' | 'aiff' | 'unknown'

/**
 * Tells a container by its magic bytes; a name or a MIME type that a client sends is not believed.
 * Sources: the formats' own specifications (RFC 3533, RFC 9639, RFC 8794, ISO 14496-12, ISO 11172-3).
 */
export function detectContainer(start: Uint8Array): Container {
  const bytes = Buffer.from(start.buffer, start.byteOffset, Math.min(12, start.byteLength))
  const text = (from: number, to: number) => bytes.toString('latin1', from, to)
  if (['RIFF', 'RIFX', 'RF64', 'BW64'].includes(text(0, 4))) {
    // A cut head is left to the WAV decoder, which says what is wrong.
    return text(8, 12) === 'WAVE' || bytes.length < 12 ? 'wav' : 'unknown'
  }
  if (text(0, 4) === 'OggS') return 'ogg'
  if (text(0, 4) === 'fLaC') return 'flac'
  if (text(0, 4) === '\x1a\x45\xdf\xa3') return 'webm'
  if (text(4, 8) === 'ftyp') return 'mp4'
  if (text(0, 3) === 'ID3') return 'mp3'
  if (text(0, 4) === 'FORM' && text(8, 11) === 'AIF') return 'aiff'
  const [first = 0, second = 0, third = 0xff] = bytes
  if (first === 0xff && (second & 0xf6) === 0xf0) return 'aac'
  return first === 0xff && isMpegAudio(second, third) ? 'mp3' : 'unknown'
}

/** Bits of a frame header after the first 8 of sync: none of the values that the standard reserves. */
function isMpegAudio(second: number, third: number): boolean {
  const sync = (second & 0xe0) === 0xe0
  const version = (second >> 3) & 3
  const layer = (second >> 1) & 3
  const bitrate = third >> 4
  const rate = (third >> 2) & 3
  return sync && version !== 1 && layer !== 0 && bitrate !== 15 && rate !== 3
}
