// Exit code 0 when /readyz of the server in this container says that a turn can be answered.
import { request as http } from 'node:http'
import { request as https } from 'node:https'

const tls = Boolean(process.env.TLS_CERT)
// A certificate is for the name that browsers use, not for 127.0.0.1.
const options = {
  host: '127.0.0.1',
  port: process.env.PORT || 3000,
  path: '/readyz',
  rejectUnauthorized: false,
}
const asked = (tls ? https : http)(options, answer => process.exit(answer.statusCode === 200 ? 0 : 1))
asked.on('error', () => process.exit(1))
asked.end()
