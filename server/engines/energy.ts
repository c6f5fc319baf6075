import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { within } from '../abort.ts'

const run = promisify(execFile)

/** Measures the energy of the machine, or of its processor, over a stretch of time. */
export type EnergyMeter = ReturnType<typeof sampled>

export type EnergySources = {
  /** `/sys/class/powercap` of Linux. */
  powercapDir: string
  platform: NodeJS.Platform
  /** Output of a program, or null where it is not there or refuses. */
  output(program: string, args: string[]): Promise<string | null>
}

const realSources: EnergySources = {
  powercapDir: '/sys/class/powercap',
  platform: process.platform,
  output: (program, args) =>
    run(program, args, { timeout: 10_000 }).then(
      ({ stdout }) => stdout,
      () => null,
    ),
}

/** A power that is only sampled is asked for so often. */
const SAMPLE_MS = 500

/**
 * What this machine tells of its energy: RAPL counters of the processor packages (Linux, often readable by root only), the board
 * power of NVIDIA GPUs by NVML through nvidia-smi, or powermetrics (macOS, root only). With a GPU both are added up.
 */
export async function findEnergyMeter(
  sources: EnergySources = realSources,
): Promise<EnergyMeter | { why: string }> {
  const [rapl, nvml, mac] = await Promise.all([
    findRapl(sources),
    findNvml(sources),
    findPowermetrics(sources),
  ])
  const meters = [rapl, nvml, mac].filter(meter => meter !== null && 'source' in meter)
  if (meters.length === 0) {
    const denied = rapl !== null && 'why' in rapl ? rapl.why : null
    return { why: denied ?? 'This machine has no RAPL counters, no NVIDIA GPU and no powermetrics.' }
  }
  return {
    source: meters.map(meter => meter.source).join(' + '),
    async measure(until) {
      const joules = await Promise.all(meters.map(meter => meter.measure(until)))
      return joules.reduce((sum, part) => sum + part, 0)
    },
  }
}

/** `intel-rapl:<n>` are packages (AMD's too); what is below them is part of them (powercap in the kernel's documentation). */
async function findRapl({ powercapDir }: EnergySources): Promise<EnergyMeter | { why: string } | null> {
  const zones = (await readdir(powercapDir).catch(() => [])).filter(name => /^intel-rapl:\d+$/.test(name))
  if (zones.length === 0) return null
  const text = (zone: string, file: string) => readFile(join(powercapDir, zone, file), 'utf8')
  const read = (zone: string) => text(zone, 'energy_uj').then(Number)
  try {
    await Promise.all(zones.map(read))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { why: `The RAPL counters cannot be read (${code}); since Linux 5.10 that takes root.` }
  }
  const names = await Promise.all(zones.map(zone => text(zone, 'name').then(name => name.trim())))
  const ranges = await Promise.all(zones.map(zone => text(zone, 'max_energy_range_uj').then(Number)))
  return {
    source: `RAPL ${names.join(', ')}`,
    async measure(until) {
      let last = await Promise.all(zones.map(read))
      let microjoules = 0
      const add = async () => {
        const now = await Promise.all(zones.map(read))
        // The counters begin again at 0 after their range, at full load within minutes.
        now.forEach((value, index) => {
          const difference = value - (last[index] ?? 0)
          microjoules += difference < 0 ? difference + (ranges[index] ?? 0) : difference
        })
        last = now
      }
      await whileRunning(until, add)
      await add()
      return microjoules / 1e6
    },
  }
}

async function findNvml({ output }: EnergySources): Promise<EnergyMeter | null> {
  const watts = async () => {
    const text = await output('nvidia-smi', ['--query-gpu=power.draw', '--format=csv,noheader,nounits'])
    const values = (text ?? '').split('\n').map(Number.parseFloat).filter(Number.isFinite)
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0)
  }
  return (await watts()) === null ? null : sampled('NVML board power', watts)
}

async function findPowermetrics({ platform, output }: EnergySources): Promise<EnergyMeter | null> {
  if (platform !== 'darwin') return null
  const watts = async () => {
    const args = ['--samplers', 'cpu_power,gpu_power', '--sample-rate', '200', '--sample-count', '1']
    const text = (await output('powermetrics', args)) ?? ''
    const match = /Combined Power \(CPU \+ GPU \+ ANE\): (\d+) mW/.exec(text)
    return match === null ? null : Number(match[1]) / 1000
  }
  return (await watts()) === null ? null : sampled('powermetrics combined power', watts)
}

/** Integrates a power in watts by the trapezoidal rule. */
function sampled(source: string, watts: () => Promise<number | null>) {
  return {
    /** For people, for instance `RAPL package-0`. */
    source,
    /** Joules from now until `until` settles. */
    async measure(until: Promise<unknown>): Promise<number> {
      let joules = 0
      let [lastAt, last] = [performance.now(), await watts()]
      const add = async () => {
        const now = await watts()
        const at = performance.now()
        const mean = ((last ?? now ?? 0) + (now ?? last ?? 0)) / 2
        joules += (mean * (at - lastAt)) / 1000
        ;[lastAt, last] = [at, now]
      }
      await whileRunning(until, add)
      await add()
      return joules
    },
  }
}

async function whileRunning(until: Promise<unknown>, sample: () => Promise<void>): Promise<void> {
  let over = false
  const stop = () => {
    over = true
  }
  const end = until.then(stop, stop)
  while (!over) {
    await within(end, SAMPLE_MS, () => {})
    if (!over) await sample()
  }
  await until
}
