import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type EnergyMeter, type EnergySources, findEnergyMeter } from '../../../server/engines/energy.ts'

async function raplZone(folder: string, name: string, microjoules: number): Promise<string> {
  const zone = join(folder, name)
  await mkdir(zone, { recursive: true })
  await writeFile(join(zone, 'name'), 'package-0\n')
  await writeFile(join(zone, 'max_energy_range_uj'), '1000000\n')
  await writeFile(join(zone, 'energy_uj'), `${microjoules}\n`)
  return zone
}

const sources = async (change: Partial<EnergySources> = {}): Promise<EnergySources> => ({
  powercapDir: await mkdtemp(join(tmpdir(), 'quantvox-powercap-')),
  platform: 'linux',
  output: async () => null,
  ...change,
})

function meterOf(found: EnergyMeter | { why: string }): EnergyMeter {
  if ('why' in found) throw new Error(found.why)
  return found
}

test('RAPL counts the packages, also where the counter begins again', async () => {
  const all = await sources()
  const zone = await raplZone(all.powercapDir, 'intel-rapl:0', 900_000)
  await raplZone(all.powercapDir, 'intel-rapl:0:0', 500_000)
  const meter = meterOf(await findEnergyMeter(all))
  expect(meter.source).toBe('RAPL package-0')
  const joules = await meter.measure(sleep(20).then(() => writeFile(join(zone, 'energy_uj'), '150000\n')))
  expect(joules).toBeCloseTo(0.25, 6)
})

test('the power of an NVIDIA GPU is integrated over time', async () => {
  const all = await sources({
    output: async program => (program === 'nvidia-smi' ? '50.0\n100.0\n' : null),
  })
  const meter = meterOf(await findEnergyMeter(all))
  expect(meter.source).toBe('NVML board power')
  const startedAt = performance.now()
  const joules = await meter.measure(sleep(100))
  const seconds = (performance.now() - startedAt) / 1000
  expect(joules).toBeGreaterThan(150 * 0.099)
  expect(joules).toBeLessThanOrEqual(150 * seconds)
})

test('a machine that tells nothing says why', async () => {
  expect(await findEnergyMeter(await sources())).toEqual({ why: expect.stringMatching(/no RAPL counters/) })
})
