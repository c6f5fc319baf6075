/** Lengths of packets that one page has room for. */
const MAX_SEGMENTS = 255

/** Polynomial 0x04c11db7, not reflected (RFC 3533, 6). */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1
  return crc >>> 0
})

function crcOf(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) crc = ((crc << 8) ^ (crcTable[((crc >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0
  return crc
}

/**
 * Pages of one Ogg stream (RFC 3533).
 * @param serial of the stream
 */
export function createOggPages(serial: number) {
  let sequence = 0

  function onePage(packets: readonly Uint8Array[], position: bigint, isLast: boolean): Buffer {
    const lacing = packets.flatMap(({ length }) => [
      ...Array.from({ length: Math.floor(length / 255) }, () => 255),
      length % 255,
    ])
    const header = Buffer.alloc(27)
    header.write('OggS', 0, 'latin1')
    header.writeUInt8((sequence === 0 ? 2 : 0) | (isLast ? 4 : 0), 5)
    header.writeBigInt64LE(position, 6)
    header.writeUInt32LE(serial, 14)
    header.writeUInt32LE(sequence++, 18)
    header.writeUInt8(lacing.length, 26)
    const page = Buffer.concat([header, Uint8Array.from(lacing), ...packets])
    page.writeUInt32LE(crcOf(page), 22)
    return page
  }

  return {
    /**
     * Whole packets as one page, or as several where they are many; a packet may have up to 64,770 bytes.
     * @param position granule position at the end of the last packet
     */
    page(packets: readonly Uint8Array[], position: number, isLast: boolean): Buffer {
      const pages: Uint8Array[][] = [[]]
      let segments = 0
      for (const packet of packets) {
        const needed = Math.floor(packet.length / 255) + 1
        if (segments + needed > MAX_SEGMENTS) {
          pages.push([])
          segments = 0
        }
        pages.at(-1)?.push(packet)
        segments += needed
      }
      // Of pages before the last nobody needs the position: -1 would say that no packet ends there.
      return Buffer.concat(
        pages.map((page, i) => onePage(page, BigInt(position), isLast && i === pages.length - 1)),
      )
    },
  }
}
