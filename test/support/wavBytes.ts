/** WAV files by hand for tests: any field may lie. */
export type WavFields = {
  format?: number
  channels?: number
  sampleRate?: number
  bitDepth?: number
  blockAlign?: number
  /** What the `data` chunk announces; the length of `audio` unless told otherwise. */
  dataBytes?: number
  /** SubFormat code; makes the header WAVE_FORMAT_EXTENSIBLE. */
  subFormat?: number
  /** Chunks before `fmt `, between it and `data`, and after the audio. */
  before?: Buffer[]
  between?: Buffer[]
  after?: Buffer[]
  audio?: Buffer
}

export function wavBytes(fields: WavFields = {}): Buffer {
  const { channels = 1, sampleRate = 16_000, bitDepth = 16, audio = Buffer.alloc(3200) } = fields
  const format = Buffer.alloc(fields.subFormat === undefined ? 16 : 40)
  format.writeUInt16LE(fields.subFormat === undefined ? (fields.format ?? 1) : 0xfffe, 0)
  format.writeUInt16LE(channels, 2)
  format.writeUInt32LE(sampleRate, 4)
  format.writeUInt32LE(((sampleRate * channels * bitDepth) / 8) % 2 ** 32, 8)
  format.writeUInt16LE(fields.blockAlign ?? ((channels * bitDepth) >> 3) & 0xffff, 12)
  format.writeUInt16LE(bitDepth, 14)
  if (fields.subFormat !== undefined) {
    format.writeUInt16LE(22, 16)
    format.writeUInt16LE(bitDepth, 18)
    format.writeUInt16LE(fields.subFormat, 24)
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(format, 26)
  }
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    ...(fields.before ?? []),
    chunk('fmt ', format),
    ...(fields.between ?? []),
    chunk('data', audio, fields.dataBytes),
    ...(fields.after ?? []),
  ])
  const head = Buffer.alloc(8)
  head.write('RIFF')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body])
}

export function chunk(id: string, content: Buffer, announced = content.length): Buffer {
  const head = Buffer.alloc(8)
  head.write(id, 'latin1')
  head.writeUInt32LE(announced, 4)
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)])
}
