import { describe, expect, it, test } from 'vitest'
import { examineWhisperGpu } from '../../../scripts/doctor/gpu.ts'
import { gpuIn } from '../../../server/engines/cpuFeatures.ts'
import { type GpuBackend, type GpuTools, gpuToBuildFor } from '../../../server/setup/whisper/gpu.ts'

const machine = (parts: Partial<GpuTools> = {}, programs: string[] = []): GpuTools => ({
  ...{ platform: 'linux', arch: 'x64', hasNvidiaGpu: false, hasRenderNode: false },
  find: async program => (programs.includes(program) ? `/usr/bin/${program}` : null),
  ...parts,
})

test.each([
  ['nothing', machine({}, ['nvcc', 'glslc']), null],
  ['an NVIDIA GPU alone', machine({ hasNvidiaGpu: true }), null],
  ['an NVIDIA GPU and nvcc', machine({ hasNvidiaGpu: true }, ['nvcc']), 'cuda'],
  [
    'an NVIDIA GPU, reached by Vulkan',
    machine({ hasNvidiaGpu: true, hasRenderNode: true }, ['glslc']),
    'vulkan',
  ],
  [
    'an NVIDIA GPU and both compilers',
    machine({ hasNvidiaGpu: true, hasRenderNode: true }, ['nvcc', 'glslc']),
    'cuda',
  ],
  ['another GPU and glslc', machine({ hasRenderNode: true }, ['nvcc', 'glslc']), 'vulkan'],
  ['another GPU alone', machine({ hasRenderNode: true }), null],
  ['Apple silicon', machine({ platform: 'darwin', arch: 'arm64' }), 'metal'],
  ['a Mac of Intel', machine({ platform: 'darwin' }), null],
] as const)('with %s whisper.cpp is built for it or not', async (_what, tools, backend) => {
  expect(await gpuToBuildFor(tools)).toBe(backend)
})

test.each([
  ['whisper_backend_init_gpu: using CUDA0 backend', 'CUDA0'],
  ['whisper_backend_init_gpu: no GPU found', 'none'],
  ['whisper_backend_init_gpu: device 0: CUDA0 (type: 1)', null],
  ['whisper_init_state: using Vulkan0 backend later', null],
])('what it runs on, from "%s"', (line, gpu) => {
  expect(gpuIn(line)).toBe(gpu)
})

describe('the doctor says of the GPU of whisper-server', () => {
  const programs = { serverPath: '', quantizePath: '', version: '1.9.1', measured: null }
  const say = async (
    runsOn: string | null,
    gpu: GpuBackend | null,
    tools: GpuTools,
    origin: 'built' | 'path' = 'built',
  ) => {
    const facts = { gpu: tools }
    const { state, found, mend } = await examineWhisperGpu(
      { ...programs, origin, gpu },
      runsOn,
      '/cache/engines',
      facts,
    )
    return `${state} ${found}${mend === '' ? '' : ` — ${mend}`}`
  }
  const nvidia = machine({ hasNvidiaGpu: true })
  const withCompiler = machine({ hasNvidiaGpu: true }, ['nvcc'])

  it('that it runs on it', async () => {
    expect(await say('CUDA0', 'cuda', withCompiler)).toBe('ok it runs on CUDA0, built for CUDA')
    expect(await say('MTL0', null, machine({ platform: 'darwin', arch: 'arm64' }), 'path')).toBe(
      'ok it runs on MTL0',
    )
  })
  it('that there is none', async () => {
    expect(await say('none', null, machine())).toBe('ok it runs on the CPU')
  })
  it('that the driver gives none to a build for it', async () => {
    expect(await say('none', 'cuda', withCompiler)).toMatch(
      /^note it runs on the CPU, built for CUDA — See that the driver/,
    )
  })
  it('that it could be built for it', async () => {
    expect(await say('none', null, withCompiler)).toMatch(
      /^note it was built for the CPU, though what builds it for CUDA is here — Delete \/cache\/engines\/whisper\.cpp-\*/,
    )
  })
  it('what is missing', async () => {
    expect(await say('none', null, nvidia)).toMatch(
      /^note it runs on the CPU, though there is a GPU — Put nvcc/,
    )
    expect(await say('none', null, nvidia, 'path')).toMatch(/ — Take whisper-server off PATH/)
  })
})
