import { readdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { chunk, wavBytes } from '../../../test/support/wavBytes.ts'

const fixtures = resolve(import.meta.dirname, '../../../test/fixtures')
/** Of each file: a case is to take milliseconds. */
const MAX_BYTES = 40_000
/** Files of codecs that are read by a child process, which takes a tenth of a second, are one in so many. */
const PLAIN_FILES_FOR_ONE_CODED = 4

/** Sound files as people send them: fixtures, and one of each format and head that is read. */
export async function soundFiles(): Promise<Buffer[]> {
  const coded = await filesIn('sound', name => !/\.md$|law/.test(name))
  const plain = [
    ...(await filesIn('speech', name => name.endsWith('.wav'))),
    ...(await filesIn('sound', name => /law/.test(name))),
  ]
  const made = madeFiles()
  const all = [...plain.map(cut), ...made]
  const copies = Math.ceil((coded.length * PLAIN_FILES_FOR_ONE_CODED) / all.length)
  return [...coded, ...Array.from({ length: copies }, () => all).flat()]
}

async function filesIn(folder: string, isWanted: (name: string) => boolean): Promise<Buffer[]> {
  const names = (await readdir(resolve(fixtures, folder))).filter(isWanted)
  return Promise.all(names.map(name => readFile(resolve(fixtures, folder, name))))
}

/** The start of a WAV file, with lengths that are right. */
function cut(file: Buffer): Buffer {
  const short = Buffer.from(file.subarray(0, MAX_BYTES))
  const data = short.indexOf('data')
  short.writeUInt32LE(short.length - 8, 4)
  short.writeUInt32LE(short.length - data - 8, data + 4)
  return short
}

function madeFiles(): Buffer[] {
  const audio = Buffer.alloc(4800, 37)
  const floats = Buffer.from(Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i / 5)).buffer)
  const large = Buffer.from(Float32Array.from({ length: 1200 }, (_, i) => 20_000 * Math.sin(i / 5)).buffer)
  const list = chunk('LIST', Buffer.from('INFOISFT\x05\0\0\0hello'))
  const long = wavBytes({ before: [chunk('ds64', Buffer.alloc(28))], audio, dataBytes: 0xffff_ffff })
  long.write('RF64')
  return [
    wavBytes({ audio, bitDepth: 8, sampleRate: 8000 }),
    wavBytes({ audio, bitDepth: 12, blockAlign: 2 }),
    wavBytes({ audio, bitDepth: 24, channels: 2, sampleRate: 44_100 }),
    wavBytes({ audio, bitDepth: 32, channels: 6, sampleRate: 48_000 }),
    wavBytes({ audio, subFormat: 1, blockAlign: 0, between: [list] }),
    wavBytes({ audio, dataBytes: 0, after: [list] }),
    wavBytes({ audio, after: [list, chunk('data', audio)] }),
    wavBytes({ audio: floats, format: 3, bitDepth: 32 }),
    wavBytes({ audio: large, format: 3, bitDepth: 32, sampleRate: 96_000 }),
    wavBytes({ audio: Buffer.alloc(4800), format: 3, bitDepth: 64, channels: 8, sampleRate: 192_000 }),
    wavBytes({ before: Array.from({ length: 900 }, () => chunk('JUNK', Buffer.alloc(0))), audio }),
    Buffer.concat([wavBytes({ audio }), wavBytes({ audio, between: [list] })]),
    long,
  ]
}
