// The program of a worker as one module of JavaScript, made once a process. As TypeScript each worker would compile it
// again, which costs each of them 75 ms and 20 MB.

import { join } from 'node:path'
import { buildSync } from 'esbuild'

let made: URL | undefined

/** A `data:` URL of `worker.ts` and what it imports. */
export function workerProgram(): URL {
  made ??= new URL(`data:text/javascript;base64,${Buffer.from(bundled()).toString('base64')}`)
  return made
}

function bundled(): Uint8Array {
  const { outputFiles } = buildSync({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    ...{ bundle: true, write: false, platform: 'node', target: 'node24', format: 'esm' },
    // In the trace of an error the URL would be all of the program.
    footer: { js: '//# sourceURL=worker.js' },
  })
  return outputFiles[0]!.contents
}
