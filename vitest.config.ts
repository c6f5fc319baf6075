import { defineConfig } from 'vitest/config'

const project = (name: string, testTimeoutMs: number, parallel: boolean) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`, ...(name === 'integration' ? ['test/contract/**/*.test.ts'] : [])],
    testTimeout: testTimeoutMs,
    hookTimeout: testTimeoutMs,
    pool: 'forks' as const,
    fileParallelism: parallel,
  },
})

/** Engine and e2e files share two cores with the models they run, so those run one file at a time. */
export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000, true),
      project('integration', 30_000, true),
      project('engines', 180_000, false),
      project('e2e', 300_000, false),
    ],
  },
})
