/**
 * What HAProxy is given in Kubernetes: the configurations of docs/operations with a line for each pod that a pool may have, by its name, in
 * place of two addresses.
 */

/** As many as docs/operations/kubernetes/autoscaling.yaml has at most. */
const pools = [
  { variable: 'VOICE', service: 'voice', port: 3000, pods: 10 },
  { variable: 'LLM_HOST', service: 'ollama', port: 11434, pods: 8 },
  { variable: 'SPEECH_HOST', service: 'speech', port: 8080, pods: 8 },
]

const resolvers = `# Pods come and go: their names are asked for again and again.
resolvers kubernetes
    parse-resolv-conf
    accepted_payload_size 8192
    hold valid 5s
`

/** Of docs/operations/haproxy.cfg or router.cfg. */
export function inKubernetes(text: string): string {
  const lines = text.split('\n').flatMap(line => {
    const [, name, variable, number, more = ''] =
      /^ {4}server (\S+) "\$\{([A-Z_]+)_([12])-[^}]+\}"(.*)$/.exec(line) ?? []
    const pool = pools.find(each => each.variable === variable)
    if (name === undefined || pool === undefined) return [line]
    if (number !== '1') return []
    return Array.from({ length: pool.pods }, (_, pod) => {
      const { service, port } = pool
      // o1, o2 ..., a, b ...
      const numbered = (text: string) =>
        /\d$/.test(name)
          ? text.replaceAll(name, name.replace(/\d$/, `${pod + 1}`))
          : text.replaceAll(name, String.fromCharCode(name.charCodeAt(0) + pod))
      const address = `${service}-${pod}.${service}.quantvox.svc.cluster.local:${port}`
      const tracked = more.replace(new RegExp(`/${name}$`), `/${numbered(name)}`)
      return `    server ${numbered(name)} ${address}${tracked} resolvers kubernetes init-addr none`
    })
  })
  const body = lines.join('\n').replace(/^(#.*\n)+/, '')
  return `# Made by "npm run docs" from the file of docs/operations.\n${body.replace(/^frontend /m, `${resolvers}\nfrontend `)}`
}
