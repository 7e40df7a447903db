#!/usr/bin/env node
// `npx --no-install probe-registry COMMAND`: runs each command on the project's own Node. Plain JavaScript,
// because the machine's Node may be older.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** A one-line description of each command. */
const COMMANDS = {
  backup: 'write the state and the signing key of a registry on this machine to one file, while it runs',
  build: 'build a probe on this machine as a registry does, without a registry',
  check: "check by a kernel's config whether Falco's engines run on it",
  cost: 'estimate the AWS costs of a deployed registry from its settings and a dated price list',
  digests: 'list, pin and forget the digests of driver sources',
  logs: 'print all log lines about one probe, from all functions',
  name: 'explain names of probes, and show which name each client requests on a host',
  packages: 'update the package lists for every published probe',
  push: 'copy a published probe, with its signatures, to any image registry',
  quotas: "check an AWS account's quotas for a deployment, and show how to raise them",
  replay: 'list the failed events, and send them again',
  restore: 'restore a registry on this machine from a backup',
  verify: "show who signed a distribution's file, or why its signature is refused",
  withdraw: 'stop serving a published probe that harms its hosts, or serve it again',
}

const USAGE = [
  'Usage: probe-registry COMMAND ARGUMENT...',
  ...Object.entries(COMMANDS).map(([name, about]) => `  ${name.padEnd(10)} ${about}`),
  '`probe-registry COMMAND --help` shows how to use a command.',
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
