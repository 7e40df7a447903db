// Runs each command of the documents as it is written, except for the port, the kernel and /etc/falco.

import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runOf } from '../support/documents/commands.ts'
import { commandsOf, documents } from '../support/documents/markdown.ts'
import { debianSuites } from '../support/mirrors.ts'
import { pinned } from '../support/registry/kernels.ts'
import { freePort, scratch, sh } from '../support/registry/registry.ts'

/** The commands' host is another one: a machine that runs tests may hide its kernel's config, and must keep its own keys. */
const HOST = {
  config: `${process.cwd()}/test/vectors/kernel-configs/bottlerocket_5.10.165_1_1.13.0-aws.config.gz`,
  /** where documents put the registry's key, below the root of a host */
  keys: ['etc/falco', 'etc/apt/keyrings', 'etc/pki/rpm-gpg'],
}
const onHost = (command: string): string =>
  command
    .replace('/proc/config.gz', HOST.config)
    .replace('$(uname -r)', '5.10.165')
    .replace(new RegExp(`/(?=(?:${HOST.keys.join('|')})/)`), '')

test('every command of the documents succeeds', async () => {
  const work = await scratch()
  const port = await freePort()
  const kernel = pinned('6.1', 'amd64')
  const here = (command: string) =>
    onHost(command)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
      .replaceAll('6.1.192-2-amd64', kernel.release)
  // The test's suites, whichever suites this machine's apt has.
  const settings = join(work.dir, 'settings.json')
  await writeFile(settings, JSON.stringify({ debian: { suites: debianSuites() } }))
  await sh('mkdir', ['-p', '-m', '700', 'gnupg', ...HOST.keys], work.dir)
  const ran: string[] = []
  /** the variables that earlier commands have set, as in a user's terminal; a deployment prints URL */
  const env: Record<string, string> = { URL: `http://127.0.0.1:${port}` }
  const variables = () =>
    Object.entries(env)
      .map(([name, value]) => `${name}='${value}'; `)
      .join('')
  let stop = async (): Promise<unknown> => undefined
  try {
    for (const command of documents().flatMap(commandsOf)) {
      if (!isRunHere(command)) continue
      ran.push(command)
      const [, name] = /^([A-Z]+)=/.exec(command) ?? []
      if (name !== undefined)
        env[name] = await sh('sh', ['-c', `${here(command)}; printf %s "$${name}"`], work.dir)
      else if (command === 'npm start') stop = await npmStart(port, join(work.dir, 'data'), settings)
      else if (/^np(m run|x) /.test(command)) await sh('sh', ['-c', command])
      else
        await sh('sh', ['-c', `${variables()}GNUPGHOME=gnupg; export GNUPGHOME; ${here(command)}`], work.dir)
    }
  } finally {
    await stop()
    await work.remove()
  }
  expect(ran[0]).toBe('npm start')
  expect(ran.filter((command) => command.startsWith('curl')).length).toBeGreaterThan(3)
  expect(ran).toContain('npm run synth')
  expect(ran).toContain('gpg --show-keys /etc/falco/falco-probes.asc')
}, 300_000)

/** Whether this test runs the command. If not, it prints the reason. */
function isRunHere(command: string): boolean {
  const run = runOf(command)
  if (run === undefined) throw new Error(`no test runs: ${command}`)
  switch (run.by) {
    case 'readme':
      return true
    case 'test':
      console.log(`not run here: ${command}: ${run.file} runs it`)
      return false
    case 'nobody':
      console.log(`not run here: ${command}: ${run.why}`)
      return false
  }
}

/** Runs `npm start` as a user types it, until it prints its last line. Resolves to a function that sends Ctrl-C. */
async function npmStart(port: number, dataDir: string, settings: string): Promise<() => Promise<void>> {
  const env = { ...process.env, PORT: String(port), DATA_DIR: dataDir, SETTINGS_FILE: settings }
  const child = spawn('npm', ['start'], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk
      if (text.trimEnd().endsWith(`ready http://127.0.0.1:${port}`)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', () => reject(new Error(`npm start ended:\n${text}`)))
  })
  return async () => {
    // A terminal's Ctrl-C reaches the whole foreground group.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await ended
  }
}
