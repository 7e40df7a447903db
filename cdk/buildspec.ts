// Makes an inline buildspec from one of buildspecs/*.yml, and packs the folders of its steps into it.

import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { parseDocument, visit } from 'yaml'
import { type TarFile, tarGz } from '../lib/formats/tar-pack.ts'

const FOLDER = join(import.meta.dirname, '..', 'buildspecs')
/** Format: `# steps`, then folders below buildspecs/. */
const PLACE = /^# steps((?: [a-z-]+)+)$/
/** Maximum length in characters. CodeBuild refuses a longer inline buildspec. */
export const MAX_BUILDSPEC = 25_600
/** Lines of base64 have at most 76 characters, as in MIME (RFC 2045). */
const LINE = /.{1,76}/g
/** Lines that contain only a comment. They would be a quarter of the packed steps. */
const COMMENT: Readonly<Record<string, RegExp>> = {
  '.sh': /^ *# .*$/gm,
  '.c': /^ *\/\/ .*$/gm,
  '.h': /^ *\/\/ .*$/gm,
}

/** Packs the steps into the buildspec, because the container gets no source. Throws if the result is too long. */
export function inlineBuildspec(folder = FOLDER, name = 'probe.yml'): string {
  const document = parseDocument(readFileSync(join(folder, name), 'utf8'))
  let places = 0
  visit(document, {
    Scalar: (_, node) => {
      const place = PLACE.exec(String(node.value))
      if (place === null) return
      places += 1
      const steps = place[1]!.trim().split(' ')
      node.value = unpackCommand(steps.flatMap((name) => filesOf(folder, name)))
      node.type = 'BLOCK_LITERAL'
    },
  })
  if (places !== 1) throw new Error(`${name} must have the command "# steps" once, it has it ${places} times`)
  const text = document.toString({ lineWidth: 0, indent: 1, indentSeq: false })
  if (text.length <= MAX_BUILDSPEC) return text
  throw new Error(
    `${name} has ${text.length} characters with its steps, CodeBuild takes ${MAX_BUILDSPEC}: shorten them`,
  )
}

/** The load test's buildspec: buildspecs/load-test.yml. */
export const loadTestBuildspec = (): string => inlineBuildspec(FOLDER, 'load-test.yml')

/** Reads all files below a folder, with paths relative to `root`. Empties lines that contain only a comment. */
const filesOf = (root: string, steps: string): TarFile[] =>
  readdirSync(join(root, steps), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return { path: relative(root, path), body: withoutComments(path), executable: false }
    })

function withoutComments(path: string): Uint8Array {
  const comment = COMMENT[extname(path)]
  const body = readFileSync(path)
  // latin1 preserves all bytes.
  return comment === undefined ? body : Buffer.from(body.toString('latin1').replace(comment, ''), 'latin1')
}

/** Returns a shell command that unpacks all steps below "$STEPS". */
function unpackCommand(files: readonly TarFile[]): string {
  const lines = Buffer.from(tarGz(files)).toString('base64').match(LINE) ?? []
  return ['mkdir -p "$STEPS"', `base64 -d <<'STEPS' | tar -xz -C "$STEPS"`, ...lines, 'STEPS'].join('\n')
}
