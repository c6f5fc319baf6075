import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { house } from './house.ts'

serveStdio(house)
