/** The discrete Fourier transform of `size` complex numbers. What it gives belongs to it and holds until the next call. */
export type Fft = (re: Float64Array, im: Float64Array) => { re: Float64Array; im: Float64Array }

/** Mixed-radix decimation in time (Cooley and Tukey 1965): fast where the prime factors of `size` are small. */
export function createFft(size: number): Fft {
  const radices = primeFactors(size)
  const order = Int32Array.from(digitReversed(radices))
  let part = 1
  const stages = radices.toReversed().map(radix => {
    const stage = { radix, part, ...turns(radix, part) }
    part *= radix
    return stage
  })
  const outRe = new Float64Array(size)
  const outIm = new Float64Array(size)
  const partRe = new Float64Array(Math.max(...radices))
  const partIm = new Float64Array(Math.max(...radices))

  /** Every group of `radix` numbers that lie `part` apart, each turned by the angle of its place. */
  function combine({ radix, part, cos, sin }: (typeof stages)[number]): void {
    for (let start = 0; start < size; start += radix * part) {
      for (let bin = 0, turn = 0; bin < part; bin++) {
        for (let index = 0, at = start + bin; index < radix; index++, at += part) {
          partRe[index] = outRe[at] ?? 0
          partIm[index] = outIm[at] ?? 0
        }
        for (let out = 0, at = start + bin; out < radix; out++, at += part) {
          let sumRe = 0
          let sumIm = 0
          for (let index = 0; index < radix; index++, turn++) {
            const a = partRe[index] ?? 0
            const b = partIm[index] ?? 0
            const c = cos[turn] ?? 0
            const s = sin[turn] ?? 0
            sumRe += a * c - b * s
            sumIm += a * s + b * c
          }
          outRe[at] = sumRe
          outIm[at] = sumIm
        }
      }
    }
  }

  return (re, im) => {
    for (let index = 0; index < size; index++) {
      const from = order[index] ?? 0
      outRe[index] = re[from] ?? 0
      outIm[index] = im[from] ?? 0
    }
    for (const stage of stages) combine(stage)
    return { re: outRe, im: outIm }
  }
}

/** Cosine and sine for every bin, output and input of the butterflies of a stage, in the order they are asked for. */
function turns(radix: number, part: number) {
  const angles = Float64Array.from({ length: part * radix * radix }, (_, turn) => {
    const [bin, out, index] = [
      Math.floor(turn / radix / radix),
      Math.floor(turn / radix) % radix,
      turn % radix,
    ]
    return (-2 * Math.PI * ((index * (bin + out * part)) % (radix * part))) / (radix * part)
  })
  return { cos: angles.map(Math.cos), sin: angles.map(Math.sin) }
}

/** Where each number of the first stage comes from. */
function digitReversed([radix, ...rest]: readonly number[], step = 1): number[] {
  if (radix === undefined) return [0]
  const inner = digitReversed(rest, step * radix)
  return Array.from({ length: radix }, (_, digit) => inner.map(index => index + digit * step)).flat()
}

function primeFactors(size: number): number[] {
  const found: number[] = []
  for (let left = size, factor = 2; left > 1; ) {
    if (left % factor !== 0) factor++
    else {
      found.push(factor)
      left /= factor
    }
  }
  return found
}
