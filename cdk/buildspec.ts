// Composes the inline buildspec: buildspecs/probe.yml, with the files of buildspecs/steps/ written into it.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument, visit } from 'yaml'

const FOLDER = join(import.meta.dirname, '..', 'buildspecs')
const PLACE = '# steps'
const DELIMITER = 'END-OF-THIS-STEP'
/** characters; CodeBuild refuses a longer inline buildspec */
export const MAX_BUILDSPEC = 25_600

/** The container gets no source: the steps come inside the buildspec. Throws when it is too long. */
export function inlineBuildspec(folder = FOLDER): string {
  const document = parseDocument(readFileSync(join(folder, 'probe.yml'), 'utf8'))
  let places = 0
  visit(document, {
    Scalar: (_, node) => {
      if (node.value !== PLACE) return
      places += 1
      node.value = stepsCommand(join(folder, 'steps'))
      node.type = 'BLOCK_LITERAL'
    },
  })
  if (places !== 1)
    throw new Error(`probe.yml must have the command "${PLACE}" once, it has it ${places} times`)
  const text = document.toString({ lineWidth: 0, indent: 1, indentSeq: false })
  if (text.length <= MAX_BUILDSPEC) return text
  throw new Error(
    `the buildspec has ${text.length} characters, CodeBuild takes ${MAX_BUILDSPEC}: shorten the steps`,
  )
}

/** One command of sh that writes every step into the folder "$STEPS". */
function stepsCommand(folder: string): string {
  const heredocs = readdirSync(folder)
    .sort()
    .map((name) => heredoc(name, withoutComments(readFileSync(join(folder, name), 'utf8'))))
  return ['mkdir -p "$STEPS"', ...heredocs].join('\n')
}

/** Lines that are nothing but a comment are a fourth of the steps, and stay behind. */
export const withoutComments = (text: string): string => text.replaceAll(/^[ \t]*#( .*)?\n/gm, '')

function heredoc(name: string, text: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name)) throw new Error(`${name} is no plain name for a step`)
  if (!text.endsWith('\n') || /[^\t\n\x20-\x7e]/.test(text) || text.includes(DELIMITER)) {
    throw new Error(`step ${name} must be ASCII lines, each ended, without ${DELIMITER}`)
  }
  return `cat >"$STEPS/${name}" <<'${DELIMITER}'\n${text}${DELIMITER}`
}
