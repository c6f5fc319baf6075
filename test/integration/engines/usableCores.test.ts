import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { usableCores } from '../../../server/engines/usableCores.ts'

const all = availableParallelism()
const module = join(import.meta.dirname, '../../../server/engines/usableCores.ts')
const counting = `console.log((await import(${JSON.stringify(module)})).usableCores())`
const count = (command: string, ...args: string[]) =>
  Number(
    execFileSync(command, [...args, process.execPath, '--input-type=module', '-e', counting], {
      encoding: 'utf8',
    }),
  )

describe('a quota', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'quantvox-cores-'))
    return () => rm(root, { recursive: true })
  })
  async function system(files: Record<string, string>) {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), `${text}\n`)
    }
    return usableCores(root)
  }
  const v2 = {
    'proc/self/cgroup': '0::/user/app',
    'proc/self/mountinfo': '30 24 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate',
  }
  const v1 = {
    'proc/self/cgroup': '5:cpuacct,cpu:/app\n4:memory:/other\n0::/',
    'proc/self/mountinfo': [
      '33 24 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '34 24 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
    ].join('\n'),
  }
  const quota = (quota: number) => ({
    'sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us': `${quota}`,
    'sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us': '100000',
  })

  test('of cgroup v2, in whole cores and never none', async () => {
    expect(await system({ ...v2, 'sys/fs/cgroup/user/app/cpu.max': 'max 100000' })).toBe(all)
    expect(await system({ 'sys/fs/cgroup/user/app/cpu.max': '150000 100000' })).toBe(1)
    expect(await system({ 'sys/fs/cgroup/user/app/cpu.max': '20000 100000' })).toBe(1)
    expect(await system({ 'sys/fs/cgroup/user/app/cpu.max': '6400000 100000' })).toBe(all)
  })

  test('of a group above', async () => {
    const above = {
      'sys/fs/cgroup/user/cpu.max': '100000 100000',
      'sys/fs/cgroup/user/app/cpu.max': 'max 100000',
    }
    expect(await system({ ...v2, ...above })).toBe(1)
  })

  test('of a container that sees its own group as the root, or is named from the root of the host', async () => {
    const rooted = { 'sys/fs/cgroup/cpu.max': '100000 100000' }
    expect(await system({ ...v2, ...rooted, 'proc/self/cgroup': '0::/' })).toBe(1)
    const mounted = '30 24 0:27 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw'
    const named = { 'proc/self/cgroup': '0::/docker/abc', 'proc/self/mountinfo': mounted }
    expect(await system({ ...v2, ...rooted, ...named })).toBe(1)
  })

  test('of cgroup v1', async () => {
    expect(await system({ ...v1, ...quota(-1) })).toBe(all)
    expect(await system(quota(150_000))).toBe(1)
    expect(await system(quota(50_000))).toBe(1)
  })

  test('is none where the system has no such files', async () => {
    expect(await system({})).toBe(all)
  })

  const real = '/sys/fs/cgroup/cpu/quantvox-test'
  const unified = '/sys/fs/cgroup/quantvox-test'
  const isRoot = process.getuid?.() === 0
  const onVersion1 = isRoot && existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')
  const onVersion2 = isRoot && existsSync('/sys/fs/cgroup/cgroup.controllers')
  // A machine has one of the two, or none.
  if (onVersion1)
    test('of a real cgroup v1', async () => {
      await mkdir(real)
      try {
        await writeFile(`${real}/cpu.cfs_quota_us`, '100000')
        expect(count('sh', '-c', `echo $$ > ${real}/cgroup.procs && exec "$0" "$@"`)).toBe(1)
      } finally {
        await rmdir(real)
      }
    })
  if (onVersion2)
    test('of a real cgroup v2', async () => {
      await mkdir(unified)
      try {
        await writeFile(`${unified}/cpu.max`, '100000 100000')
        expect(count('sh', '-c', `echo $$ > ${unified}/cgroup.procs && exec "$0" "$@"`)).toBe(1)
      } finally {
        await rmdir(unified)
      }
    })
})

if (process.platform === 'linux')
  test('a set of cores', () => {
    expect(count('taskset', '-c', '0')).toBe(1)
    expect(count('env')).toBe(usableCores())
  })
