import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cachePaths } from '../../../server/setup/cache.ts'
import { createHealthyMachine, GB, type HealthyMachine } from '../../support/healthyMachine.ts'

const tls = resolve(import.meta.dirname, '../../fixtures/tls')

let machine: HealthyMachine
beforeEach(async () => {
  machine = await createHealthyMachine()
})
afterEach(() => machine.close())

describe('it finds', () => {
  test('cores that a set or a quota withholds', async () => {
    machine.facts.cores = { machine: 8, usable: 1 }
    expect(await machine.complaints()).toMatch(/^note processor: 1 of 8 cores may be used$/)
  })

  test('an old Node', async () => {
    machine.facts.nodeVersion = '20.19.0'
    expect(await machine.complaints()).toMatch(/^wrong Node: 20\.19\.0$/)
  })

  test('a Node with a known hole', async () => {
    machine.facts.nodeVersion = '24.21.0'
    expect(await machine.complaints()).toMatch(/^note Node: 24\.21\.0$/)
  })

  test('a full disk', async () => {
    machine.facts.freeBytes = async path => (path === machine.config.DATA_DIR ? 1e6 : 100 * GB)
    expect(await machine.complaints()).toMatch(/^wrong data folder: 0\.0 GiB free for /)
  })

  test('a folder that cannot be written', async () => {
    writeFileSync(join(machine.folder, 'file'), '')
    machine.config = { ...machine.config, DATA_DIR: join(machine.folder, 'file', 'data') }
    expect(await machine.complaintOf('data folder')).toMatch(/^wrong: .* cannot be written .*DATA_DIR/)
  })

  test('too little memory for the chosen models', async () => {
    machine.facts.memoryBytes = 1 * GB
    expect(await machine.complaints()).toMatch(
      /^wrong memory: about 1\.\d GB of 1\.0 GB are needed .*scripted:1b/,
    )
  })

  test('a port that another program has', async () => {
    const other = createServer(socket => socket.destroy())
    await new Promise<void>(listening => other.listen(machine.config.PORT, '127.0.0.1', listening))
    machine.closing.push(() => new Promise(closed => other.close(closed)))
    expect(await machine.complaints()).toMatch(/^wrong port: 127\.0\.0\.1:\d+ cannot be used \(EADDRINUSE\)$/)
  })

  test('that the end of turns cannot be heard, where it is to be', async () => {
    machine.config = { ...machine.config, ENDPOINTING: 'learned' }
    expect(await machine.complaintOf('end of turn')).toMatch(
      /^note: the model .* is not here — .*quantvox setup/,
    )
  })

  test.each(['hibari:heart', null])(
    'that the voice of VOICE=%s is not here, which the server can get, and fetches neither it nor what hears the end of turns',
    async VOICE => {
      machine.config = { ...machine.config, VOICE, ENDPOINTING: 'learned' }
      expect(await machine.complaintOf('voice')).toMatch(
        /^note: hibari:heart is not here — .*quantvox models pull hibari/,
      )
      const { voices, endOfTurn } = cachePaths(machine.config.CACHE_DIR)
      expect([voices, endOfTurn].filter(path => existsSync(path))).toEqual([])
    },
  )

  test('no ffmpeg', async () => {
    machine.facts.ffmpeg = null
    expect(await machine.complaints()).toMatch(/^note ffmpeg: not on PATH$/)
  })

  test('an address at which browsers give no microphone', async () => {
    machine.config = { ...machine.config, PUBLIC_URL: 'http://192.0.2.7:3000' }
    expect(await machine.complaints()).toMatch(
      /^wrong microphone: browsers refuse it at http:\/\/192\.0\.2\.7:3000$/,
    )
  })

  test.each([
    ['that has ended', 'expired.pem', 'https://voice.example', /it ended on Feb {2}1 .*2020/],
    [
      'for another name',
      'voice.example.pem',
      'https://192.0.2.7',
      /it is not for 192\.0\.2\.7.*voice\.example/,
    ],
    ['that cannot be read', 'none.pem', 'https://voice.example', /cannot be read \(ENOENT/],
  ])('a certificate %s', async (_fault, file, PUBLIC_URL, words) => {
    machine.config = {
      ...machine.config,
      TLS_CERT: join(tls, file),
      TLS_KEY: join(tls, 'voice.example.pem'),
      PUBLIC_URL,
    }
    expect(await machine.complaintOf('certificate')).toMatch(words)
  })

  test('no fault in a certificate that is in order', async () => {
    const cert = join(tls, 'voice.example.pem')
    machine.config = { ...machine.config, TLS_CERT: cert, TLS_KEY: cert, PUBLIC_URL: 'https://voice.example' }
    expect(await machine.complaintOf('certificate')).toBe('none')
  })

  test('a record that is damaged', async () => {
    const path = machine.putRecord()
    const file = openSync(path, 'r+')
    // Pages in the middle: the file opens well.
    writeSync(file, Buffer.alloc(8_192, 0xa5), 0, undefined, Math.floor(statSync(path).size / 8_192) * 4_096)
    closeSync(file)
    expect(await machine.complaintOf('record')).toMatch(/^wrong: .*is damaged.* — Move it away/)
  })

  test('a record that is locked', async () => {
    const holder = new DatabaseSync(machine.putRecord())
    holder.exec('BEGIN IMMEDIATE')
    machine.closing.push(() => holder.close())
    expect(await machine.complaintOf('record')).toMatch(/^wrong: .*is locked by another program/)
  })

  test('a record of a newer Quantvox', async () => {
    const newer = new DatabaseSync(machine.putRecord())
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    expect(await machine.complaintOf('record')).toMatch(/^wrong: .*schema version 99.* — Update Quantvox/)
  })
})
