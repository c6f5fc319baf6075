import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../../server/config.ts'
import { useHaproxy } from '../../support/pools/haproxy.ts'
import { kedaDefinition, type Manifest, problemsOf, readManifests } from '../../support/pools/manifests.ts'
import { pythonWith } from '../../support/pythonWith.ts'
import { GO_TIMEOUT_MS, goIsMissing } from '../../support/readFormats.ts'

const folder = join(import.meta.dirname, '../../../docs/operations/kubernetes')
const python = pythonWith('kubernetes-validate==1.37.0')
const haproxy = useHaproxy()
const { kustomization, objects } = readManifests()
const of = (kind: string, name: string): Manifest => {
  const found = objects.find(object => object.kind === kind && object.metadata.name === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found
}
const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`
const workloads = objects.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')

describe.skipIf(goIsMissing)('by the schemas of Kubernetes and KEDA', { timeout: GO_TIMEOUT_MS }, () => {
  test('every object is right, to the last field', async context => {
    const program = python()
    if (program === null) return context.skip()
    const problems = await problemsOf(program, objects, [await kedaDefinition()])
    const wrong = objects.flatMap((object, i) =>
      problems[i] === null ? [] : [[nameOf(object), problems[i]]],
    )
    expect(wrong).toEqual([])
    expect(new Set(objects.map(({ kind }) => kind))).toContain('ScaledObject')
  })

  test('what is not in them, or of another type, is found', async context => {
    const program = python()
    if (program === null) return context.skip()
    const [voice, scaled] = [of('StatefulSet', 'voice'), of('ScaledObject', 'voice')]
    const bad = [
      { ...voice, spec: { ...voice.spec, replica: 2 } },
      { ...voice, spec: { ...voice.spec, replicas: 'two' } },
      { ...scaled, spec: { ...scaled.spec, minReplicas: 2 } },
      { ...scaled, spec: { ...scaled.spec, triggers: [{ type: 'prometheus' }] } },
      { ...scaled, apiVersion: 'keda.sh/v2' },
    ]
    const problems = await problemsOf(program, bad, [await kedaDefinition()])
    expect(problems).toEqual([
      expect.stringContaining("'replica' was unexpected"),
      expect.stringContaining('spec.replicas'),
      expect.stringContaining("'minReplicas' was unexpected"),
      expect.stringContaining("'metadata' is a required property"),
      expect.stringContaining('schema'),
    ])
  })
})

test('HAProxy takes what it is given, which has a name for every pod that there may be', async context => {
  const here = await haproxy()
  if (here === null) return context.skip()
  const given = kustomization.configMapGenerator.map(({ name, files }: { name: string; files: string[] }) => [
    name,
    files.map(file => file.replace('haproxy.cfg=', '')),
  ])
  expect(given).toEqual([
    ['edge', ['edge.cfg']],
    ['router', ['router.cfg']],
  ])
  const [edge, router] = [join(folder, 'edge.cfg'), join(folder, 'router.cfg')]
  await here.check(edge)
  await here.check(router, { LLM_DIGEST: 'x', ROUTER_SOCKET: '/tmp/quantvox-unused.sock' })
  for (const [file, name, port] of [
    [edge, 'voice', 3000],
    [router, 'ollama', 11434],
    [router, 'speech', 8080],
  ] as const) {
    const { maxReplicaCount, scaleTargetRef } = of('ScaledObject', name).spec
    expect(scaleTargetRef).toEqual({ kind: 'StatefulSet', name })
    expect(of('StatefulSet', name).spec.serviceName).toBe(name)
    expect(of('Service', name).spec).toMatchObject({ clusterIP: 'None', ports: [{ port }] })
    const text = readFileSync(file, 'utf8')
    const servers = [
      ...text.matchAll(new RegExp(`server (\\S+) ${name}-(\\d+)\\.${name}\\.quantvox\\.`, 'g')),
    ]
    // Twice: with places, and for what takes none; by the same name in both.
    expect(servers.map(([, , pod]) => Number(pod))).toEqual(
      [0, 1].flatMap(() => Array.from({ length: maxReplicaCount }, (_, pod) => pod)),
    )
    const names = servers.map(([, server]) => server)
    expect(names.slice(0, maxReplicaCount)).toEqual(names.slice(maxReplicaCount))
    expect(new Set(names).size).toBe(maxReplicaCount)
  }
  expect(readFileSync(router, 'utf8')).toMatch(/server o8 ollama-7\S+ track llm\/o8 /)
})

test('servers get settings that they take, a volume for their spool, and the time that a stop takes', () => {
  const { template, volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } = of(
    'StatefulSet',
    'voice',
  ).spec
  const [container] = template.spec.containers
  const secret = {
    AUTH_TOKEN: 'a-token-of-sixteen-and-more',
    RECORD_URL: 'postgres://quantvox:secret@db.example/quantvox?sslmode=verify-full',
    ...{ AWS_ACCESS_KEY_ID: 'a-key', AWS_SECRET_ACCESS_KEY: 'its-secret' },
  }
  const environment = { ...of('ConfigMap', 'voice').data, ...secret, REPLICA_ID: 'voice-0' }
  const { config } = readConfig({ flags: {}, environment, dotEnv: {} })
  expect(config).toMatchObject({
    ROLE: 'voice',
    HOST: '0.0.0.0',
    OLLAMA_HOST: 'http://router:11434',
    DATA_DIR: '/data',
  })
  expect(config.LLM_SLOTS).toBe(config.MAX_SESSIONS)
  expect(readFileSync(join(folder, 'edge.cfg'), 'utf8')).toContain(` maxconn ${config.MAX_SESSIONS} `)
  // Nothing that is secret, and nothing twice.
  expect(JSON.stringify(objects)).not.toMatch(/"(AUTH_TOKEN|RECORD_URL|AWS_SECRET_ACCESS_KEY)":/)
  expect(container.envFrom).toEqual([
    { configMapRef: { name: 'voice' } },
    { secretRef: { name: 'quantvox' } },
  ])

  const stopMs = container.lifecycle.preStop.sleep.seconds + config.STOP_SECONDS + 2
  expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(stopMs)
  expect(container.readinessProbe.httpGet.path).toBe('/acceptz')
  expect(container.livenessProbe.httpGet.path).toBe('/livez')
  expect(volumeClaimTemplates.map(({ metadata }: Manifest) => metadata.name)).toContain('data')
  expect(container.volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' })
  expect(persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' })
})

test('hosts have as many places as the router gives them, and the model that it asks for', () => {
  const environmentOf = (object: Manifest): Record<string, unknown> =>
    Object.fromEntries(
      object.spec.template.spec.containers[0].env.map(({ name, value, valueFrom }: Manifest) => [
        name,
        value ?? valueFrom,
      ]),
    )
  const [router, ollama] = [
    environmentOf(of('Deployment', 'router')),
    environmentOf(of('StatefulSet', 'ollama')),
  ]
  expect(ollama.OLLAMA_NUM_PARALLEL).toBe(router.LLM_HOST_SLOTS)
  expect(ollama.MODEL).toEqual(router.LLM_DIGEST)
  expect(of('Deployment', 'router').spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } })
  const { SPEECH_MODEL } = of('ConfigMap', 'voice').data
  const [speech] = of('StatefulSet', 'speech').spec.template.spec.containers
  expect(speech.args).toContain(`/cache/models/speech/${SPEECH_MODEL}.bin`)
})

test('pods have no right that they do not need, and nobody is reached but by whom a policy names', () => {
  for (const workload of workloads) {
    const { securityContext, containers, initContainers = [], ...spec } = workload.spec.template.spec
    expect(spec, nameOf(workload)).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
    })
    expect(securityContext, nameOf(workload)).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    for (const container of [...containers, ...initContainers]) {
      expect(container.securityContext, nameOf(workload)).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(container.image).toMatch(/^(quantvox|haproxy:2\.8|ollama\/ollama:\d+\.\d+\.\d+)$/)
    }
    const { app } = workload.spec.template.metadata.labels
    expect(of('NetworkPolicy', app).spec).toMatchObject({
      podSelector: { matchLabels: { app } },
      policyTypes: ['Ingress'],
    })
    if (workload.spec.replicas > 1 && app !== 'router')
      expect(of('PodDisruptionBudget', app).spec.selector).toEqual({ matchLabels: { app } })
  }
  expect(of('NetworkPolicy', 'nobody').spec).toEqual({ podSelector: {}, policyTypes: ['Ingress'] })
  for (const [engine, port] of [
    ['ollama', 11434],
    ['speech', 8080],
  ] as const)
    expect(of('NetworkPolicy', engine).spec.ingress).toEqual([
      { from: [{ podSelector: { matchLabels: { app: 'router' } } }], ports: [{ port }] },
    ])
})

test('pools grow after 30 s and shrink after 900, a pod a minute, by figures that there are', () => {
  const minimum = { voice: 2, ollama: 1, speech: 1 }
  for (const [name, least] of Object.entries(minimum)) {
    const { spec } = of('ScaledObject', name)
    expect(spec.minReplicaCount).toBe(least)
    const policies = [{ type: 'Pods', value: 1, periodSeconds: 60 }]
    expect(spec.advanced.horizontalPodAutoscalerConfig.behavior).toEqual({
      scaleUp: { stabilizationWindowSeconds: 30, policies },
      scaleDown: { stabilizationWindowSeconds: 900, policies },
    })
    for (const { metadata } of spec.triggers) {
      const wrong: string[] = []
      parser.parse(metadata.query).iterate({
        enter({ type, from, to }) {
          if (type.isError) wrong.push(metadata.query.slice(from, to))
        },
      })
      expect(wrong, metadata.query).toEqual([])
    }
  }
  const [sessions] = of('ScaledObject', 'voice').spec.triggers
  expect(sessions.metadata.threshold).toBe('0.7')
  const documented = readFileSync(join(folder, '../../observability.md'), 'utf8')
  for (const [metric] of JSON.stringify(objects).matchAll(/quantvox_(?!speech_inference)[a-z_]+/g))
    expect(documented, metric).toContain(metric)
})
