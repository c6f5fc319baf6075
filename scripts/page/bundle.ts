import { relative, resolve } from 'node:path'
import { build } from 'vite'

/** Bundles the page into the folder that is its argument; what is wrong is on stderr. A process of `build.ts`. */

const root = resolve(import.meta.dirname, '../..')

try {
  await build({
    root: resolve(root, 'client'),
    configFile: false,
    base: './',
    logLevel: 'warn',
    plugins: [
      {
        name: 'types-only-of-the-server',
        // Types are gone by now; what is left would bring the server's code to the browser.
        resolveId(id, importer) {
          if (/(^|\/)(server|scripts)\//.test(id) && importer !== undefined)
            throw new Error(`${relative(root, importer)} imports more than types of ${id}`)
          return null
        },
      },
    ],
    build: {
      outDir: process.argv[2] ?? '',
      emptyOutDir: true,
      target: 'baseline-widely-available',
      // An inlined file is a data: address, which the page's Content-Security-Policy refuses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  })
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
