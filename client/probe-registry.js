#!/usr/bin/env node
// `npx --no-install probe-registry COMMAND`: runs each command on the project's own Node. Plain JavaScript,
// because the machine's Node may be older.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** A one-line description of each command. */
const COMMANDS = {
  backup: 'write the state and the signing key of a registry on this machine into one file, while it runs',
  build: 'build a probe on this machine as a registry builds it, without a registry',
  check: "tell whether Falco's engines run on a kernel, by its config",
  cost: 'tell what a deployed registry costs, by its settings and a dated list of prices',
  digests: 'list, name and forget the digests of the sources that builds are made from',
  logs: 'print all that the functions of a registry have written of one probe',
  name: 'explain names of probes, and tell by which name each client asks on a host',
  packages: 'bring the lists of packages to what is published, of every probe',
  push: 'copy a published probe, with its signatures, into any registry of images',
  quotas: 'tell whether an AWS account has what a deployment needs, and how to get what is missing',
  replay: 'show the events that no function could handle, and send them again',
  restore: 'make a registry on this machine of such a file',
  verify: 'tell who signed a package, a list or any other file of a distribution, or why it is refused',
  withdraw: 'take one published probe back that harms its hosts, or serve it again',
}

const USAGE = [
  'Usage: probe-registry COMMAND ARGUMENT...',
  ...Object.entries(COMMANDS).map(([name, about]) => `  ${name.padEnd(10)} ${about}`),
  '`probe-registry COMMAND --help` tells how each is used.',
  '',
].join('\n')

const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url))

function run(command, args) {
  const child = spawn('sh', [fileOf('../local/node.sh'), fileOf(`commands/${command}.ts`), ...args], {
    stdio: 'inherit',
  })
  // The terminal sends the signal to the child as well, and the child decides when to end.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  child.on('error', (error) => {
    process.stderr.write(`probe-registry: sh could not be run: ${error.message}\n`)
    process.exitCode = 2
  })
  child.on('close', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

const [command, ...args] = process.argv.slice(2)
if (command === '--help' || command === 'help') process.stdout.write(USAGE)
else if (command !== undefined && Object.hasOwn(COMMANDS, command)) run(command, args)
else {
  const what = command === undefined ? 'no command' : `no command ${JSON.stringify(command)}`
  process.stderr.write(`probe-registry: ${what.replace(/[^\x20-\x7e]/g, '?')}\n${USAGE}`)
  process.exitCode = 2
}
