import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Type from 'typebox'
import Value from 'typebox/value'
import { parse, parseAllDocuments } from 'yaml'

const folder = join(import.meta.dirname, '../../../docs/operations/kubernetes')

/** An object of Kubernetes, as deep as tests look. */
// biome-ignore lint/suspicious/noExplicitAny: the schemas that it is checked by are Kubernetes' own.
export type Manifest = { apiVersion: string; kind: string; metadata: { name: string }; [field: string]: any }

/** All that docs/operations/kubernetes applies, in the order of its kustomization. */
export function readManifests(): { kustomization: Manifest; objects: Manifest[] } {
  const kustomization: Manifest = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'))
  // One that is left out would be in no cluster.
  const files = readdirSync(folder).filter(name => name.endsWith('.yaml') && name !== 'kustomization.yaml')
  if (files.toSorted().join() !== kustomization.resources.toSorted().join())
    throw new Error(`the kustomization does not name ${files.join()}`)
  const objects = kustomization.resources.flatMap((file: string) =>
    parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { merge: true }).map(document => {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join()}`)
      return document.toJS()
    }),
  )
  return { kustomization, objects }
}

const KEDA = 'github.com/kedacore/keda/v2@v2.21.0'
const KEDA_SUM = 'h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps='
const Module = Type.Object({ Dir: Type.String(), Sum: Type.String() })

/** KEDA's own definition of what it is told, from its source as a module of Go. */
export async function kedaDefinition(): Promise<unknown> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', KEDA], {
    cwd: join(import.meta.dirname, '../formats'),
  })
  const module: unknown = JSON.parse(stdout)
  Value.Assert(Module, module)
  if (module.Sum !== KEDA_SUM) throw new Error(`${KEDA} is not what it was: ${module.Sum}`)
  return parse(readFileSync(join(module.Dir, 'config/crd/bases/keda.sh_scaledobjects.yaml'), 'utf8'))
}

/** What is wrong with each, or null, by the schemas of `kubernetes-validate` and of these definitions. */
export async function problemsOf(
  python: string,
  objects: readonly unknown[],
  definitions: readonly unknown[],
): Promise<(string | null)[]> {
  const output = await new Promise<string>((settle, refuse) => {
    const script = join(import.meta.dirname, 'validate.py')
    const child = execFile(python, [script], { maxBuffer: 2 ** 24 }, (error, stdout, stderr) =>
      error ? refuse(new Error(stderr, { cause: error })) : settle(stdout),
    )
    child.stdin?.end(JSON.stringify({ objects, definitions }))
  })
  const problems: unknown = JSON.parse(output)
  Value.Assert(Type.Array(Type.Union([Type.String(), Type.Null()])), problems)
  return problems
}
