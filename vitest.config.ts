import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import catalog from './models/catalog.json' with { type: 'json' }

/** Of tests on real engines: the default may be a model of hundreds of megabytes, chosen by a measurement. */
const smallestModel = { LLM_MODEL: catalog.language.defaults.withoutRegistry }

const project = (name: string, testTimeoutMs: number, parallel: boolean, folders = [name], env = {}) => ({
  test: {
    name,
    include: folders.map(folder => `test/${folder}/**/*.test.ts`),
    testTimeout: testTimeoutMs,
    hookTimeout: testTimeoutMs,
    pool: 'forks' as const,
    fileParallelism: parallel,
    env,
  },
})

/** Most of them wait, and vitest would leave one of two cores idle. */
const FEWEST_WORKERS = 2

/** Engine and e2e files share two cores with the models they run, so those run one file at a time. */
export default defineConfig({
  test: {
    maxWorkers: Math.max(FEWEST_WORKERS, availableParallelism() - 1),
    projects: [
      project('unit', 20_000, true),
      project('integration', 30_000, true, ['integration', 'contract']),
      project('engines', 180_000, false, ['engines'], smallestModel),
      project('e2e', 300_000, false, ['e2e'], smallestModel),
    ],
  },
})
