// npm runs this before the install scripts of what the package depends on. That of onnxruntime-node fetches 300 MB for CUDA,
// which nothing here uses, from a host that is no registry, and fails the whole installation where that is out of reach. It
// fetches nothing that is there, and nobody loads these.
import { existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

let main
try {
  main = createRequire(import.meta.url).resolve('onnxruntime-node')
} catch {
  // Not there yet, as in a clone.
}
const folder = main && join(dirname(main), '../bin/napi-v6/linux/x64')
if (folder && existsSync(folder))
  for (const name of ['cuda', 'shared', 'tensorrt'])
    writeFileSync(join(folder, `libonnxruntime_providers_${name}.so`), '', { flag: 'a' })
