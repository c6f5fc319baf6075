import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Value from 'typebox/value'
import { expect, test } from 'vitest'
import { Report } from '../../../scripts/doctor/finding.ts'
import { quantvox } from '../../support/liveServer.ts'

// Two whole doctors, a process each, beside other tests.
test('quantvox doctor exits with 1 where something is wrong, and says what, why and how to mend it, also as JSON', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quantvox-doctor-'))
  const settings = {
    ...{ DATA_DIR: join(folder, 'data'), CACHE_DIR: join(folder, 'cache'), PORT: '0' },
    ...{ OLLAMA_HOST: 'http://127.0.0.1:9', PUBLIC_URL: 'http://192.0.2.7' },
  }
  const [text, json] = [await quantvox(['doctor'], settings), await quantvox(['doctor', '--json'], settings)]
  await rm(folder, { recursive: true, force: true })
  expect([text.code, json.code]).toEqual([1, 1])
  const report: unknown = JSON.parse(json.out)
  Value.Assert(Report, report)
  expect(report.turn).toBeNull()
  expect(report.findings.filter(({ state }) => state === 'wrong').map(({ what }) => what)).toEqual(
    expect.arrayContaining(['microphone', 'Ollama', 'self-test turn']),
  )
  expect(text.out).toMatch(
    /^wrong {4}microphone: browsers refuse it at http:\/\/192\.0\.2\.7\n {9}why it matters: .+\n {9}to mend: Set TLS_CERT/m,
  )
}, 90_000)
