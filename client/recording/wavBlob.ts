const HEADER_BYTES = 44

/** Frames of PCM, signed 16-bit, mono, as a WAV file. */
export function wavBlob(frames: readonly ArrayBuffer[], sampleRate: number): Blob {
  const audioBytes = frames.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const header = new DataView(new ArrayBuffer(HEADER_BYTES))
  const letters = (at: number, text: string) => {
    for (const [index, letter] of [...text].entries()) header.setUint8(at + index, letter.charCodeAt(0))
  }
  letters(0, 'RIFF')
  header.setUint32(4, HEADER_BYTES - 8 + audioBytes, true)
  letters(8, 'WAVEfmt ')
  header.setUint32(16, 16, true)
  // PCM, one channel.
  header.setUint16(20, 1, true)
  header.setUint16(22, 1, true)
  header.setUint32(24, sampleRate, true)
  header.setUint32(28, sampleRate * 2, true)
  header.setUint16(32, 2, true)
  header.setUint16(34, 16, true)
  letters(36, 'data')
  header.setUint32(40, audioBytes, true)
  return new Blob([header, ...frames], { type: 'audio/wav' })
}
