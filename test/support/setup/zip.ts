import { crc32 } from 'node:zlib'

const u16 = (value: number) => Buffer.from(Uint16Array.of(value).buffer)
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)

/** A zip file of stored (not compressed) members, as small wheels are (PKWARE APPNOTE 4.3). */
export function storedZip(members: Record<string, Buffer>): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const [name, data] of Object.entries(members)) {
    const path = Buffer.from(name)
    const common = [
      u16(20),
      u16(0),
      u16(0),
      u32(0x21_0000),
      u32(crc32(data)),
      u32(data.length),
      u32(data.length),
      u16(path.length),
      u16(0),
    ]
    const local = Buffer.concat([u32(0x04034b50), ...common, path, data])
    centrals.push(
      Buffer.concat([u32(0x02014b50), u16(20), ...common, u16(0), u16(0), u16(0), u32(0), u32(offset), path]),
    )
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(centrals)
  const count = u16(centrals.length)
  const end = [u32(0x06054b50), u16(0), u16(0), count, count, u32(directory.length), u32(offset), u16(0)]
  return Buffer.concat([...locals, directory, ...end])
}
