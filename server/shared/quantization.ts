/** As Ollama's library, `models quantize` and the levels of whisper.cpp and Moonshine write it at the end of a name. */
const suffix = /-((?:f|fp|bf)(?:16|32)|i?q\d+(?:_[a-z0-9]+)*|int8|mxfp4|tq\d_\d)$/i

/** The quantization that a model's name ends in, as it is written there: `q4_K_M` of `smollm2:135m-instruct-q4_K_M`. */
export function quantizationIn(name: string): string | null {
  return suffix.exec(name)?.[1] ?? null
}

/** What all quantizations of one model are named: `smollm2:135m-instruct` of `smollm2:135m-instruct-fp16`. */
export function withoutQuantization(name: string): string {
  return name.replace(suffix, '')
}

/** One spelling for what is written in several: `f16` of `fp16` and `F16`, `q4_K_M` of `Q4_K_M` and `q4_k_m`. */
export function levelName(quantization: string): string
/** Null where it is not known. */
export function levelName(quantization: string | null): string | null
export function levelName(quantization: string | null): string | null {
  if (quantization === null) return null
  return quantization
    .toLowerCase()
    .replace(/^fp(?=\d)/, 'f')
    .replace(/(?<=_)[a-z]+/g, part => part.toUpperCase())
}
