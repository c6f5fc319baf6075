import { describe, expect, test } from 'vitest'
import { detectContainer } from '../../../server/audio/containers.ts'
import { decodeAudio } from '../../../server/audio/decodeAudio.ts'
import { wavBytes } from '../../support/wavBytes.ts'

const limits = { maxBytes: 2 ** 20, maxSeconds: 10 }
const { signal } = new AbortController()

describe('a container is told by its first bytes', () => {
  const starts: [string, string, string][] = [
    ['wav', '52494646 24000000 57415645', 'RIFF WAVE'],
    ['unknown', '52494646 24000000 41564920', 'RIFF AVI'],
    ['ogg', '4f676753 00020000 00000000', 'OggS'],
    ['flac', '664c6143 00000022 10001000', 'fLaC'],
    ['webm', '1a45dfa3 9f428681 0142f781', 'EBML'],
    ['mp4', '0000001c 66747970 4d344120', 'ftyp'],
    ['mp3', '49443304 00000000 00234442', 'ID3'],
    ['mp3', 'fffb9064 00000000 00000000', 'MPEG 1 layer 3'],
    ['mp3', 'fff384c4 00000000 00000000', 'MPEG 2 layer 3'],
    ['aac', 'fff15040 02000000 00000000', 'ADTS'],
    ['aiff', '464f524d 0000fdda 41494646', 'FORM AIFF'],
    ['unknown', '7b226175 64696f22 3a317d20', 'JSON'],
    ['unknown', 'ffffffff ffffffff ffffffff', 'all ones'],
    ['unknown', '00', 'one zero'],
  ]
  test.each(starts)('%s: %s (%s)', (container, hex) => {
    expect(detectContainer(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toBe(container)
  })
})

describe('an upload is decoded by what it is', () => {
  test('WAV', async () => {
    const { samples } = await decodeAudio(wavBytes(), limits, signal)
    expect(samples.length).toBe(1600)
  })

  test('nothing at all is refused as empty', async () => {
    await expect(decodeAudio(Buffer.alloc(0), limits, signal)).rejects.toMatchObject({
      code: 'audio_invalid',
      message: expect.stringContaining('empty'),
    })
  })

  test('text is refused as no audio', async () => {
    await expect(decodeAudio(Buffer.from('hello, is this on?'), limits, signal)).rejects.toMatchObject({
      code: 'audio_invalid',
      message: expect.stringContaining('not audio'),
    })
  })

  test('without ffmpeg the refusal of MP3 says what to send and what to install', async () => {
    const mp3 = Buffer.concat([Buffer.from('ID3'), Buffer.alloc(100)])
    await expect(decodeAudio(mp3, limits, signal, '/nowhere/ffmpeg')).rejects.toMatchObject({
      code: 'unsupported_media_type',
      mend: expect.stringMatching(/WAV.*ffmpeg/),
    })
  })
})
