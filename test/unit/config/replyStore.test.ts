import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { describeConfig, readConfig } from '../../../server/config.ts'

const read = (environment: Record<string, string>) => readConfig({ flags: {}, environment, dotEnv: {} })
const keys = { AWS_ACCESS_KEY_ID: 'our-key', AWS_SECRET_ACCESS_KEY: 'our-secret' }

test('REPLY_STORE is a folder, made absolute, or a bucket with a prefix or without', () => {
  expect(read({}).config.REPLY_STORE).toBeNull()
  expect(read({ REPLY_STORE: 'shared/replies' }).config.REPLY_STORE).toBe(resolve('shared/replies'))
  for (const REPLY_STORE of ['s3://voice', 's3://voice/', 's3://my.voice-1/below/here'])
    expect(read({ REPLY_STORE, ...keys }).config.REPLY_STORE).toBe(REPLY_STORE)
})

test.each(['s3://', 's3:/voice', 's3://Voice', 's3://voice/a b', 's3://key:secret@voice'])(
  '%s is no bucket',
  REPLY_STORE => {
    expect(() => read({ REPLY_STORE, ...keys })).toThrow('REPLY_STORE')
  },
)

test('a bucket needs both of its keys, and nobody is shown them', () => {
  const REPLY_STORE = 's3://voice'
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    expect(() => read({ REPLY_STORE, ...keys, [name]: '' })).toThrow('without a key')
  const loaded = read({ REPLY_STORE, ...keys, AWS_ENDPOINT_URL: 'http://ada:pass@minio:9000/' })
  const shown = JSON.stringify(describeConfig(loaded))
  for (const secret of ['our-key', 'our-secret', 'pass@']) expect(shown).not.toContain(secret)
  expect(loaded.config.AWS_ENDPOINT_URL).toBe('http://minio:9000/')
})
