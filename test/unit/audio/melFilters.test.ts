import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { melFilters } from '../../../server/audio/melFilters.ts'

const bins = 201

describe('mel filters', () => {
  it('are bit for bit those in the header of the published ggml files', () => {
    // Of bytes 56 to 64376 of ggml-tiny.en.bin and ggml-base.bin, whose own hashes are in the catalog.
    const sha256 = createHash('sha256')
      .update(new Uint8Array(melFilters(80).buffer))
      .digest('hex')
    expect(sha256).toBe('85818f156f7e189453901a515e4726d270d307f976e161cf9403e8caab405498')
  })

  it('are triangles that rise and fall once, and reach from the lowest to the highest frequency', () => {
    const filters = melFilters(80)
    for (let band = 0; band < 80; band++) {
      const row = [...filters.subarray(band * bins, (band + 1) * bins)]
      const peak = row.indexOf(Math.max(...row))
      expect(row[peak]).toBeGreaterThan(0)
      const support = row.flatMap((value, bin) => (value > 0 ? [bin] : []))
      expect((support.at(-1) ?? 0) - (support[0] ?? 0)).toBe(support.length - 1)
      for (const bin of support) {
        if (bin < peak) expect(row[bin]).toBeLessThan(row[bin + 1] ?? 0)
        if (bin > peak) expect(row[bin]).toBeLessThan(row[bin - 1] ?? 0)
      }
    }
    expect(filters[bins * 80 - 1]).toBe(0)
  })
})
