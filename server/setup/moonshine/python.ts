import { createHash } from 'node:crypto'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileSize } from '../archive.ts'
import { cachePaths, ensureDirectory, withScratch } from '../cache.ts'
import { SourceFailure } from '../failures.ts'
import { withLock } from '../lock.ts'
import { firstOnPath, runProgram } from '../programs.ts'
import type { SetupContext } from '../types.ts'

/** With all that they import, so that nothing is chosen on the day. There are wheels for Python 3.10 to 3.14. */
const packages = [
  'onnx==1.20.0',
  'onnxruntime==1.23.2; python_version < "3.14"',
  'onnxruntime==1.24.4; python_version >= "3.14"',
  'numpy==2.2.6; python_version < "3.14"',
  'numpy==2.3.5; python_version >= "3.14"',
  'protobuf==6.33.2',
  'ml_dtypes==0.5.4',
  'typing_extensions==4.15.0',
]

/**
 * A Python that has onnx and onnxruntime, and what it must be told to find them. They are kept in a folder of the cache, beside the
 * system's own packages and not among them. Throws a `SourceFailure` where there is no Python with pip, or pip gives them not.
 */
export async function ensureOnnxPython(
  context: SetupContext,
): Promise<{ python: string; env: Record<string, string> }> {
  const python = await findPython()
  if (python === null) throw new SourceFailure('`python3` is not installed')
  const { signal } = context
  const version = (
    await runProgram(python, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { signal })
  ).trim()
  const key = createHash('sha256')
    .update([version, ...packages].join())
    .digest('hex')
    .slice(0, 12)
  const directory = join(cachePaths(context.cacheDir).python, `onnx-${key}`)
  await withLock('python-onnx', context, async locked => {
    if ((await fileSize(directory)) !== null) return
    await withScratch(locked.cacheDir, 'python-onnx', async scratch => {
      const target = join(scratch, 'packages')
      await mkdir(target)
      const quietly = ['--quiet', '--disable-pip-version-check', '--no-input', '--retries=1', '--timeout=30']
      const wanted = ['--only-binary=:all:', '--no-deps', '--target', target, ...packages]
      await runProgram(python, ['-m', 'pip', 'install', ...quietly, ...wanted], {
        cwd: scratch,
        signal: locked.signal,
      })
      await ensureDirectory(cachePaths(locked.cacheDir).python)
      await rename(target, directory)
    })
  })
  return { python, env: { PYTHONPATH: directory, PYTHONNOUSERSITE: '1' } }
}

export const findPython = (): Promise<string | null> => firstOnPath(['python3', 'python'])
