import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import { findOnPath } from '../programs.ts'

/** What a build of whisper.cpp runs its matrices on beside the CPU. */
export const GpuBackend = Type.Enum(['cuda', 'vulkan', 'metal'])
export type GpuBackend = Static<typeof GpuBackend>

/** What a build of each is configured by; the architectures of CUDA are then those of the GPUs that are here (ggml's own default). */
export const gpuOptions: Record<GpuBackend, string[]> = {
  cuda: ['-DGGML_CUDA=ON'],
  vulkan: ['-DGGML_VULKAN=ON'],
  // Without the library in it the program looks for a file that stays behind in the build folder.
  metal: ['-DGGML_METAL=ON', '-DGGML_METAL_EMBED_LIBRARY=ON'],
}

/** What the choice rests on. */
export type GpuTools = {
  platform: NodeJS.Platform
  arch: string
  hasNvidiaGpu: boolean
  /** A node by which programs reach a GPU of any maker. */
  hasRenderNode: boolean
  /** The path of a program, or null. */
  find(program: string): Promise<string | null>
}

export async function gpuToolsHere(): Promise<GpuTools> {
  return {
    platform: process.platform,
    arch: process.arch,
    hasNvidiaGpu: existsSync('/dev/nvidia0'),
    hasRenderNode: (await readdir('/dev/dri').catch(() => [])).some(name => name.startsWith('renderD')),
    find: findOnPath,
  }
}

/**
 * What whisper.cpp can be built for here: a GPU, and the compiler for it. Metal's comes with Apple's; CUDA's is nvcc; Vulkan's is
 * glslc. Null where either is missing. Whether the headers are there too, only the build tells.
 */
export async function gpuToBuildFor(tools: GpuTools): Promise<GpuBackend | null> {
  if (tools.platform === 'darwin') return tools.arch === 'arm64' ? 'metal' : null
  if (tools.hasNvidiaGpu && (await tools.find('nvcc')) !== null) return 'cuda'
  if (tools.hasRenderNode && (await tools.find('glslc')) !== null) return 'vulkan'
  return null
}

export const gpuHere = async (): Promise<GpuBackend | null> => gpuToBuildFor(await gpuToolsHere())
