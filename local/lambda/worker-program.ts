// Bundles the worker's program into one JavaScript module, once per process. Otherwise every worker would compile the
// TypeScript again, which costs 75 ms and 20 MB each.

import { join } from 'node:path'
import { buildSync } from 'esbuild'

let made: URL | undefined

/** Returns a `data:` URL of `worker.ts` and its imports. */
export function workerProgram(): URL {
  made ??= new URL(`data:text/javascript;base64,${Buffer.from(bundled()).toString('base64')}`)
  return made
}

function bundled(): Uint8Array {
  const { outputFiles } = buildSync({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    ...{ bundle: true, write: false, platform: 'node', target: 'node24', format: 'esm' },
    // Without a name, stack traces would contain the complete URL, which is the program.
    footer: { js: '//# sourceURL=worker.js' },
  })
  return outputFiles[0]!.contents
}
