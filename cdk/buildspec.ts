// Composes an inline buildspec: one of buildspecs/*.yml, with the steps that it names written into it.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseDocument, visit } from 'yaml'

const FOLDER = join(import.meta.dirname, '..', 'buildspecs')
/** `# steps`, then files and folders below buildspecs/; without any, the folder `steps` */
const PLACE = /^# steps( .*)?$/
const DELIMITER = 'END-OF-THIS-STEP'
/** characters; CodeBuild refuses a longer inline buildspec */
export const MAX_BUILDSPEC = 25_600

/** The container gets no source: the steps come inside the buildspec. Throws when it is too long. */
export function inlineBuildspec(folder = FOLDER, name = 'probe.yml'): string {
  const document = parseDocument(readFileSync(join(folder, name), 'utf8'))
  let places = 0
  visit(document, {
    Scalar: (_, node) => {
      const place = PLACE.exec(String(node.value))
      if (place === null) return
      places += 1
      const named = (place[1] ?? 'steps').trim().split(' ')
      node.value = stepsCommand(named.flatMap((path) => filesOf(join(folder, path))))
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

/** The load test's: buildspecs/load-test.yml. */
export const loadTestBuildspec = (): string => inlineBuildspec(FOLDER, 'load-test.yml')

const filesOf = (path: string): string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .map((name) => join(path, name))
    : [path]

/** One command of sh that writes every step into the folder "$STEPS". */
function stepsCommand(files: readonly string[]): string {
  const heredocs = files.map((file) => heredoc(basename(file), carried(file)))
  return ['mkdir -p "$STEPS"', ...heredocs].join('\n')
}

/** Lines that are nothing but a comment are a fourth of the steps, and stay behind. */
export const withoutComments = (text: string): string => text.replaceAll(/^[ \t]*#( .*)?\n/gm, '')

/** The same of C, whose indentation says nothing either. */
export const withoutMargins = (text: string): string =>
  text.replaceAll(/^[ \t]*(\/\/.*)?\n/gm, '').replaceAll(/^[ \t]+/gm, '')

function carried(file: string): string {
  const text = readFileSync(file, 'utf8')
  return file.endsWith('.c') ? withoutMargins(text) : withoutComments(text)
}

function heredoc(name: string, text: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) throw new Error(`${name} is no plain name for a step`)
  if (!text.endsWith('\n') || /[^\t\n\x20-\x7e]/.test(text) || text.includes(DELIMITER)) {
    throw new Error(`step ${name} must be ASCII lines, each ended, without ${DELIMITER}`)
  }
  return `cat >"$STEPS/${name}" <<'${DELIMITER}'\n${text}${DELIMITER}`
}
