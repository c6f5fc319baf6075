import { list } from 'tar'

/** The parts of a Moonshine level's one file, a tar archive: two ONNX graphs and the pieces of the tokenizer. */
export const modelParts = ['encoder', 'decoder', 'tokenizer'] as const
export type ModelParts = Record<(typeof modelParts)[number], Uint8Array>

/** @throws Error where a part is missing; what reading throws */
export async function readModelFile(path: string): Promise<ModelParts> {
  const read = new Map<string, Buffer>()
  await list({
    file: path,
    maxReadSize: 2 ** 24,
    onReadEntry(entry) {
      const pieces: Buffer[] = []
      entry.on('data', piece => pieces.push(piece))
      entry.on('end', () => read.set(entry.path, Buffer.concat(pieces)))
    },
  })
  const partOf = (name: string) => {
    const part = read.get(name)
    if (part === undefined) throw new Error(`${path} has no part "${name}": it is no Moonshine level.`)
    return part
  }
  return { encoder: partOf('encoder'), decoder: partOf('decoder'), tokenizer: partOf('tokenizer') }
}
