import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'

/** A program that heeds neither the end of its input nor SIGTERM and answers nothing; started with "twice", it starts another. */
const [file = '', count] = process.argv.slice(2)
process.on('SIGTERM', () => {})
appendFileSync(file, `${process.pid}\n`)
if (count === 'twice') spawn(process.execPath, [import.meta.filename, file], { stdio: 'inherit' })
setInterval(() => {}, 1000)
