import { afterEach, describe, expect, it, vi } from 'vitest'
import { childEnvironment } from '../../../server/engines/environment.ts'

afterEach(() => vi.unstubAllEnvs())

describe('the environment of an engine', () => {
  it('has what ours has but for our secrets, and what is set for it wins', () => {
    vi.stubEnv('AUTH_TOKEN', 'secret-1')
    vi.stubEnv('TLS_KEY', '/secret-2')
    vi.stubEnv('QUANTVOX_OTEL_EXPORTER_OTLP_HEADERS', 'key=secret-3')
    vi.stubEnv('NODE_OPTIONS', '--inspect')
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '1')
    vi.stubEnv('OLLAMA_HOST', 'elsewhere')
    const given = childEnvironment({ OLLAMA_HOST: '127.0.0.1:1' })
    expect(Object.keys(given)).not.toContain('NODE_OPTIONS')
    expect(JSON.stringify(given)).not.toContain('secret-')
    expect(given).toMatchObject({ CUDA_VISIBLE_DEVICES: '1', OLLAMA_HOST: '127.0.0.1:1' })
    expect(given.PATH).toBe(process.env.PATH)
  })

  it('has a HOME even where ours has none', () => {
    vi.stubEnv('HOME', undefined)
    expect(childEnvironment().HOME).toMatch(/^\//)
  })
})
