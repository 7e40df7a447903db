// Parses CodeBuild's buildspec 0.2 strictly, and writes the shell scripts of its phases. AWS's own agent (codebuild_build.sh)
// runs Docker images, which this machine may not have.

import { parse } from 'yaml'
import { isObject, type Json, type JsonObject, object, string, strings } from '../wire/json.ts'

const PHASES = ['INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD'] as const
type PhaseName = (typeof PHASES)[number]

export interface BuildSpec {
  readonly shell: 'sh' | 'bash'
  readonly variables: Readonly<Record<string, string>>
  readonly phases: readonly Phase[]
}
export interface Phase {
  readonly name: PhaseName
  readonly commands: readonly string[]
  /** run after the commands, even if they failed */
  readonly last: readonly string[]
}

/** Maximum characters of a project's buildspec. */
const MAX_BUILDSPEC = 25_600

/** Throws if there are unknown members. */
export function parseBuildSpec(text: string, where: string): BuildSpec {
  if (text.length > MAX_BUILDSPEC)
    throw new Error(`${where} has ${text.length} characters, and CodeBuild takes ${MAX_BUILDSPEC}`)
  const document = object(parse(text) as Json, where)
  only(document, ['env', 'phases', 'version'], where)
  if (Number(document.version) !== 0.2) throw new Error(`${where}: only version 0.2 is known here`)
  const env = object(document.env ?? {}, `${where}: env`)
  only(env, ['shell', 'variables'], `${where}: env`)
  const shell = env.shell ?? 'sh'
  if (shell !== 'sh' && shell !== 'bash')
    throw new Error(`${where}: shell ${JSON.stringify(shell)} is not known here`)
  const variables = Object.entries(object(env.variables ?? {}, where)).map(([name, value]) => [
    name,
    isObject(value) ? string(value, where) : String(value),
  ])
  return { shell, variables: Object.fromEntries(variables), phases: parsePhases(document.phases, where) }
}

function parsePhases(raw: Json | undefined, where: string): Phase[] {
  const phases = object(raw, `${where}: phases`)
  const known = PHASES.map((name) => name.toLowerCase())
  only(phases, known, `${where}: phases`)
  return PHASES.flatMap((name) => {
    const given = phases[name.toLowerCase()]
    if (given === undefined) return []
    const phase = object(given, `${where}: ${name}`)
    only(phase, ['commands', 'finally'], `${where}: ${name}`)
    return [{ name, commands: strings(phase.commands, where), last: strings(phase.finally, where) }]
  })
}

export function only(given: JsonObject, known: readonly string[], where: string): void {
  const unknown = Object.keys(given).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`${where}: ${unknown.join(', ')} is not known here`)
}

/**
 * Returns the scripts that run a build in its sandbox, by file name: `driver`, and two scripts for each phase.
 * The driver reports `start PHASE` and `end PHASE CODE` on descriptor 3, which the commands do not have. It kills everything in
 * the sandbox when its standard input ends: bubblewrap does that at its parent's death only after its setup.
 */
export function buildScripts({ shell, phases }: BuildSpec): Readonly<Record<string, string>> {
  const scripts = phases.flatMap(({ name, commands, last }) => [
    [`${name}.sh`, commandScript(commands)] as const,
    [`${name}.last.sh`, commandScript(last)] as const,
  ])
  return { driver: driver(shell, phases), ...Object.fromEntries(scripts) }
}

/** Folders in the sandbox: the scripts, and the variables and working folder that each phase passes to the next. */
export const SCRIPTS = '/codebuild/scripts'
const STATE = '/codebuild/state'

function driver(shell: string, phases: readonly Phase[]): string {
  const call = (name: PhaseName): string =>
    phases.some((phase) => phase.name === name) ? `phase ${name}` : 'true'
  return `
exec 5<&0 </dev/null
{ read -r _ <&5; kill -9 -1; } 3>&- >/dev/null 2>&1 &
exec 5<&-
ulimit -c 0
ulimit -p 8192 2>/dev/null || ulimit -u 8192
ulimit -f 16777216
echo 500 >/proc/self/oom_score_adj
export CODEBUILD_BUILD_SUCCEEDING=1
part() { ${shell} ${SCRIPTS}/"$1" 3>&- </dev/null; }
phase() {
  echo "start $1" >&3
  part "$1.sh"
  code=$?
  [ $code -eq 0 ] || CODEBUILD_BUILD_SUCCEEDING=0
  part "$1.last.sh" || { [ $code -ne 0 ] || code=1; CODEBUILD_BUILD_SUCCEEDING=0; }
  echo "end $1 $code" >&3
  return $code
}
${call('INSTALL')} && ${call('PRE_BUILD')} || exit 1
${call('BUILD')}
${call('POST_BUILD')}
[ $CODEBUILD_BUILD_SUCCEEDING -eq 1 ]
`
}

function commandScript(commands: readonly string[]): string {
  const lines = commands.map((command) => {
    const shown = (command.split('\n', 1)[0] ?? '').slice(0, 200)
    return `echo ${quote(`[Container] Running command ${shown}`)}
eval ${quote(command)}
code=$?
[ $code -eq 0 ] || exit $code`
  })
  return `
succeeding=$CODEBUILD_BUILD_SUCCEEDING
[ ! -f ${STATE}/variables ] || . ${STATE}/variables
export CODEBUILD_BUILD_SUCCEEDING=$succeeding
[ ! -f ${STATE}/folder ] || cd "$(cat ${STATE}/folder)"
trap 'code=$?; export -p >${STATE}/variables; pwd >${STATE}/folder; exit $code' EXIT
${lines.join('\n')}
`
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
