// Bundles each function into one file, all in one call of esbuild.

import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type BuildOptions, buildSync } from 'esbuild'
import { ANSWERING } from '../lib/names/routes.ts'

/** The functions that handle events. */
export const HANDLING = ['plan', 'compose', 'publish', 'sweep'] as const
export const FUNCTIONS = [...ANSWERING, ...HANDLING, 'canary', 'signing-key'] as const
export type FunctionName = (typeof FUNCTIONS)[number]

const ROOT = join(import.meta.dirname, '..')

/** Options of esbuild for functions. */
export const BUNDLING = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  // Tree shaking works only with the ES modules of the AWS SDK, and saves a third of it.
  mainFields: ['module', 'main'],
  // Replaces the SDK's search for credentials in files, processes and other services, which takes a sixth of its start.
  alias: { '@aws-sdk/credential-provider-node': './functions/runtime/credentials.ts' },
  // openpgp's ES module reads its own URL, which a CommonJS file does not have.
  define: { 'import.meta.url': 'importMetaUrl' },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  // Stack traces need the original names, so identifiers are not minified.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions

/** Writes `{outdir}/{name}/index.js`. The same sources give the same bytes. */
export function bundleFunctions(outdir: string): void {
  rmSync(outdir, { recursive: true, force: true })
  buildSync({
    ...BUNDLING,
    entryPoints: FUNCTIONS.map((name) => ({ in: `functions/${name}.ts`, out: `${name}/index` })),
    outdir: resolve(outdir),
  })
  // If a folder above has a package.json with "module", Node would read index.js as an ES module.
  for (const name of FUNCTIONS) writeFileSync(join(outdir, name, 'package.json'), '{"type":"commonjs"}\n')
}
