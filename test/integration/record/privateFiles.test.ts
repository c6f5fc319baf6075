import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makePrivate, writePrivately } from '../../../server/files/privateFiles.ts'
import { createReplyAudio } from '../../../server/record/replyAudio.ts'
import { backUpRecord } from '../../../server/record/sqlite/backup.ts'
import { openTurnStore, TURN_FILE_NAME } from '../../../server/record/sqlite/store.ts'
import { answerOf, askText, quantvox } from '../../support/liveServer.ts'
import { makeTurn } from '../../support/record/records.ts'
import { startScriptedServer } from '../../support/scriptedServer/start.ts'

let folder: string
let umask: number
beforeEach(() => {
  umask = process.umask(0o022)
  folder = mkdtempSync(join(tmpdir(), 'quantvox-private-'))
})
afterEach(() => {
  process.umask(umask)
  rmSync(folder, { recursive: true, force: true })
})

/** What others may read, write or enter at or below `path`, with its mode. */
function openToOthers(path: string): string[] {
  const found = statSync(path)
  return [
    ...(found.mode & 0o077 ? [`${path} ${(found.mode & 0o777).toString(8)}`] : []),
    ...(found.isDirectory() ? readdirSync(path).flatMap(name => openToOthers(join(path, name))) : []),
  ]
}

test('the record, its log and its copies are for their owner', () => {
  const path = join(folder, 'new', 'data', TURN_FILE_NAME)
  const store = openTurnStore(path, { saveText: true })
  store.insert(makeTurn(1).record, makeTurn(1).text)
  expect(readdirSync(join(folder, 'new', 'data')).toSorted()).toEqual(
    ['', '-shm', '-wal'].map(end => `${TURN_FILE_NAME}${end}`),
  )
  backUpRecord(path, join(folder, 'new', 'copy.sqlite'))
  expect(openToOthers(join(folder, 'new'))).toEqual([])
  store.close()
})

test('replies and questions are for their owner', async () => {
  const replies = await createReplyAudio(join(folder, 'data'), true)
  const recorder = replies.recorder()
  recorder.take('', { samples: new Int16Array(9), sampleRate: 16_000 })
  await replies.keep(v7(), new Int16Array(9), recorder)
  expect(readdirSync(join(folder, 'data'), { recursive: true }).length).toBe(4)
  expect(openToOthers(join(folder, 'data'))).toEqual([])
})

test('a server closes what earlier ones left open in a folder of its own, and what it adds', async () => {
  const data = join(folder, 'data')
  const turnId = v7()
  openTurnStore(join(data, TURN_FILE_NAME), { saveText: true }).close()
  for (const name of ['audio', 'replies', 'comparisons', 'lan', 'my-voice']) {
    mkdirSync(join(data, name, turnId), { recursive: true })
    writeFileSync(join(data, name, turnId, 'reply.wav'), '')
  }
  for (const path of ['', TURN_FILE_NAME, 'audio'])
    chmodSync(join(data, path), path.includes('.') ? 0o644 : 0o755)
  const server = await startScriptedServer(folder)
  try {
    await answerOf(askText(server.url, 'What is the time?'))
    expect(openToOthers(data)).toEqual([])
    const exported = join(folder, 'turns.csv')
    writeFileSync(exported, 'older')
    const { code, err } = await quantvox(['turns', 'export', '--format', 'csv', '--out', exported], {
      DATA_DIR: data,
    })
    expect([code, err]).toEqual([0, expect.any(String)])
    expect(openToOthers(exported)).toEqual([])
  } finally {
    await server.stop()
  }
})

test('a folder that holds other things stays open, what is ours in it does not', async () => {
  const data = join(folder, 'data')
  mkdirSync(join(data, 'audio'), { recursive: true })
  writeFileSync(join(data, 'notes.txt'), '')
  const server = await startScriptedServer(folder)
  await server.stop()
  expect(openToOthers(data).toSorted()).toEqual([`${data} 755`, `${join(data, 'notes.txt')} 644`])
})

test('what is written over an open file is private, what is no file is left alone', async () => {
  const path = join(folder, 'reply.wav')
  writeFileSync(path, 'older')
  await writePrivately(path, 'newer')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await writePrivately('/dev/null', 'nothing')
  makePrivate(join(folder, 'missing'))
})
