/** The discrete Fourier transform of `size` complex numbers. What it gives belongs to it and holds until the next call. */
export type Fft = (re: Float64Array, im: Float64Array) => { re: Float64Array; im: Float64Array }

type Complex = { re: Float64Array; im: Float64Array }

/**
 * One pass: `radix` numbers that lie `count` × `stride` apart become as many that lie `stride` apart, turned by their place.
 * `turns`: for every place, the factors of the second number and of those after it.
 */
type Pass = { radix: number; count: number; stride: number; turns: Complex }

/** Mixed radix (Cooley and Tukey 1965), in order at every pass (Stockham): fast where `size` has no factors but 3, 4 and 5. */
export function createFft(size: number): Fft {
  const passes: Pass[] = []
  let stride = 1
  for (const radix of factors(size)) {
    const count = size / stride / radix
    passes.push({ radix, count, stride, turns: turnsOf(radix, count) })
    stride *= radix
  }
  const buffers = [newComplex(size), newComplex(size)] as const
  return (re, im) => {
    let from: Complex = { re, im }
    for (const [at, pass] of passes.entries()) {
      const to = buffers[at % 2 === 0 ? 0 : 1]
      const step = pass.radix === 4 ? byFour : pass.radix === 5 ? byFive : pass.radix === 3 ? byThree : byAny
      step(pass, from, to)
      from = to
    }
    if (passes.length > 0) return from
    buffers[0].re.set(re)
    buffers[0].im.set(im)
    return buffers[0]
  }
}

const newComplex = (size: number): Complex => ({ re: new Float64Array(size), im: new Float64Array(size) })

/** Fours first: they take the fewest multiplications. */
function factors(size: number): number[] {
  const found: number[] = []
  let left = size
  while (left % 4 === 0) {
    found.push(4)
    left /= 4
  }
  for (let factor = 2; left > 1; ) {
    if (left % factor !== 0) factor++
    else {
      found.push(factor)
      left /= factor
    }
  }
  return found
}

function turnsOf(radix: number, count: number): Complex {
  const turns = newComplex(count * (radix - 1))
  for (let place = 0, at = 0; place < count; place++)
    for (let index = 1; index < radix; index++, at++) {
      const angle = (-2 * Math.PI * place * index) / (radix * count)
      turns.re[at] = Math.cos(angle)
      turns.im[at] = Math.sin(angle)
    }
  return turns
}

function byFour({ count, stride, turns }: Pass, { re, im }: Complex, to: Complex): void {
  const apart = count * stride
  for (let place = 0; place < count; place++) {
    for (let a = place * stride, out = place * 4 * stride, end = a + stride; a < end; a++, out++) {
      const b = a + apart
      const c = a + 2 * apart
      const d = a + 3 * apart
      const evenRe = (re[a] as number) + (re[c] as number)
      const evenIm = (im[a] as number) + (im[c] as number)
      const oddRe = (re[b] as number) + (re[d] as number)
      const oddIm = (im[b] as number) + (im[d] as number)
      const acRe = (re[a] as number) - (re[c] as number)
      const acIm = (im[a] as number) - (im[c] as number)
      const bdRe = (re[b] as number) - (re[d] as number)
      const bdIm = (im[b] as number) - (im[d] as number)
      to.re[out] = evenRe + oddRe
      to.im[out] = evenIm + oddIm
      turned(to, out + stride, acRe + bdIm, acIm - bdRe, turns, place * 3)
      turned(to, out + 2 * stride, evenRe - oddRe, evenIm - oddIm, turns, place * 3 + 1)
      turned(to, out + 3 * stride, acRe - bdIm, acIm + bdRe, turns, place * 3 + 2)
    }
  }
}

const SIN_THIRD = Math.sin((2 * Math.PI) / 3)

function byThree({ count, stride, turns }: Pass, { re, im }: Complex, to: Complex): void {
  const apart = count * stride
  for (let place = 0; place < count; place++) {
    for (let a = place * stride, out = place * 3 * stride, end = a + stride; a < end; a++, out++) {
      const b = a + apart
      const c = a + 2 * apart
      const sumRe = (re[b] as number) + (re[c] as number)
      const sumIm = (im[b] as number) + (im[c] as number)
      const midRe = (re[a] as number) - sumRe / 2
      const midIm = (im[a] as number) - sumIm / 2
      const sideRe = SIN_THIRD * ((im[b] as number) - (im[c] as number))
      const sideIm = SIN_THIRD * ((re[c] as number) - (re[b] as number))
      to.re[out] = (re[a] as number) + sumRe
      to.im[out] = (im[a] as number) + sumIm
      turned(to, out + stride, midRe + sideRe, midIm + sideIm, turns, place * 2)
      turned(to, out + 2 * stride, midRe - sideRe, midIm - sideIm, turns, place * 2 + 1)
    }
  }
}

const [COS_FIFTH, SIN_FIFTH] = [Math.cos((2 * Math.PI) / 5), Math.sin((2 * Math.PI) / 5)]
const [COS_FIFTHS, SIN_FIFTHS] = [Math.cos((4 * Math.PI) / 5), Math.sin((4 * Math.PI) / 5)]

function byFive({ count, stride, turns }: Pass, { re, im }: Complex, to: Complex): void {
  const apart = count * stride
  for (let place = 0; place < count; place++) {
    for (let a = place * stride, out = place * 5 * stride, end = a + stride; a < end; a++, out++) {
      const b = a + apart
      const c = a + 2 * apart
      const d = a + 3 * apart
      const e = a + 4 * apart
      const nearRe = (re[b] as number) + (re[e] as number)
      const nearIm = (im[b] as number) + (im[e] as number)
      const farRe = (re[c] as number) + (re[d] as number)
      const farIm = (im[c] as number) + (im[d] as number)
      const beRe = (re[b] as number) - (re[e] as number)
      const beIm = (im[b] as number) - (im[e] as number)
      const cdRe = (re[c] as number) - (re[d] as number)
      const cdIm = (im[c] as number) - (im[d] as number)
      const firstRe = (re[a] as number) + COS_FIFTH * nearRe + COS_FIFTHS * farRe
      const firstIm = (im[a] as number) + COS_FIFTH * nearIm + COS_FIFTHS * farIm
      const secondRe = (re[a] as number) + COS_FIFTHS * nearRe + COS_FIFTH * farRe
      const secondIm = (im[a] as number) + COS_FIFTHS * nearIm + COS_FIFTH * farIm
      const side1Re = SIN_FIFTH * beIm + SIN_FIFTHS * cdIm
      const side1Im = -SIN_FIFTH * beRe - SIN_FIFTHS * cdRe
      const side2Re = SIN_FIFTHS * beIm - SIN_FIFTH * cdIm
      const side2Im = -SIN_FIFTHS * beRe + SIN_FIFTH * cdRe
      to.re[out] = (re[a] as number) + nearRe + farRe
      to.im[out] = (im[a] as number) + nearIm + farIm
      turned(to, out + stride, firstRe + side1Re, firstIm + side1Im, turns, place * 4)
      turned(to, out + 2 * stride, secondRe + side2Re, secondIm + side2Im, turns, place * 4 + 1)
      turned(to, out + 3 * stride, secondRe - side2Re, secondIm - side2Im, turns, place * 4 + 2)
      turned(to, out + 4 * stride, firstRe - side1Re, firstIm - side1Im, turns, place * 4 + 3)
    }
  }
}

function turned(to: Complex, at: number, x: number, y: number, turns: Complex, turn: number): void {
  const c = turns.re[turn] as number
  const s = turns.im[turn] as number
  to.re[at] = x * c - y * s
  to.im[at] = x * s + y * c
}

function byAny({ radix, count, stride, turns }: Pass, { re, im }: Complex, to: Complex): void {
  const cos = Float64Array.from({ length: radix }, (_, at) => Math.cos((2 * Math.PI * at) / radix))
  const sin = Float64Array.from({ length: radix }, (_, at) => -Math.sin((2 * Math.PI * at) / radix))
  const one = Float64Array.of(1)
  const none = Float64Array.of(0)
  for (let place = 0; place < count; place++)
    for (let inner = 0; inner < stride; inner++)
      for (let out = 0; out < radix; out++) {
        let x = 0
        let y = 0
        for (let index = 0; index < radix; index++) {
          const at = inner + stride * (place + index * count)
          const a = re[at] as number
          const b = im[at] as number
          const c = cos[(index * out) % radix] as number
          const s = sin[(index * out) % radix] as number
          x += a * c - b * s
          y += a * s + b * c
        }
        const target = inner + stride * (place * radix + out)
        if (out === 0) turned(to, target, x, y, { re: one, im: none }, 0)
        else turned(to, target, x, y, turns, place * (radix - 1) + out - 1)
      }
}
