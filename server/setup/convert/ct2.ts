import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/**
 * Reads a CTranslate2 `model.bin`, binary version 6 (layout read in CTranslate2's own model writer,
 * `python/ctranslate2/specs/model_spec.py`). Little-endian throughout; a string is a u16 length and bytes that end in NUL.
 */

/** Only what Whisper weights hold is named; a variable's data stays in the file until it is asked for. */
type Ct2Variable = {
  dims: number[]
  type: 'f32' | 'i8' | 'i16' | 'i32' | 'f16'
  offset: number
  byteLength: number
}

export type Ct2Model = {
  spec: string
  variables: Map<string, Ct2Variable>
  /** The variable's raw bytes. Throws when the model has no such variable or it is not float16. */
  readFloat16(name: string): { dims: number[]; data: Buffer }
  close(): void
}

const types = ['f32', 'i8', 'i16', 'i32', 'f16'] as const
const bytesPerElement = { f32: 4, i8: 1, i16: 2, i32: 4, f16: 2 }
const SUPPORTED_VERSION = 6

/** Opens the file and reads its table of variables. Throws an `Error` that says what is wrong with the file. */
export function openCt2(path: string): Ct2Model {
  const file = openSync(path, 'r')
  try {
    return readTable(file)
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function readTable(file: number): Ct2Model {
  const size = fstatSync(file).size
  let position = 0

  const take = (length: number): Buffer => {
    if (position + length > size)
      throw new Error(`the model.bin ends at byte ${size}, in the middle of a field`)
    const bytes = Buffer.alloc(length)
    readSync(file, bytes, 0, length, position)
    position += length
    return bytes
  }
  const takeU8 = () => take(1).readUInt8(0)
  const takeU16 = () => take(2).readUInt16LE(0)
  const takeU32 = () => take(4).readUInt32LE(0)
  const takeString = () => {
    const bytes = take(takeU16())
    return bytes.subarray(0, Math.max(0, bytes.length - 1)).toString('utf8')
  }

  const version = takeU32()
  if (version !== SUPPORTED_VERSION)
    throw new Error(`model.bin has version ${version}, not ${SUPPORTED_VERSION}`)
  const spec = takeString()
  takeU32() // revision of the spec
  const variables = new Map<string, Ct2Variable>()
  for (let left = takeU32(); left > 0; left--) {
    const name = takeString()
    const dims = Array.from({ length: takeU8() }, takeU32)
    const type = types[takeU8()]
    if (type === undefined) throw new Error(`variable ${name} has an unknown type`)
    const byteLength = takeU32()
    const expected = dims.reduce((product, dim) => product * dim, 1) * bytesPerElement[type]
    if (byteLength !== expected) {
      throw new Error(`variable ${name} says ${byteLength} bytes where its shape needs ${expected}`)
    }
    if (position + byteLength > size) throw new Error(`the data of variable ${name} is cut off`)
    variables.set(name, { dims, type, offset: position, byteLength })
    position += byteLength
  }

  const readFloat16 = (name: string) => {
    const variable = variables.get(name)
    if (variable === undefined) throw new Error(`model.bin has no variable ${name}`)
    if (variable.type !== 'f16') throw new Error(`variable ${name} is ${variable.type}, not f16`)
    const data = Buffer.alloc(variable.byteLength)
    readSync(file, data, 0, variable.byteLength, variable.offset)
    return { dims: variable.dims, data }
  }
  return { spec, variables, readFloat16, close: () => closeSync(file) }
}
