// README is the front door: every command in it is run here, as it is written but for the port and the kernel.

import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pinned } from '../support/registry/kernels.ts'
import { freePort, scratch, sh } from '../support/registry/registry.ts'

const COMMAND = /^ {4}((?:npm|npx|curl|gpg|sha256sum|git|sh|export|[A-Z_]+=).*)$/gm
const commandsOf = (readme: string) => [...readme.matchAll(COMMAND)].map(([, command = '']) => command)

/** Commands that cannot be run in a test of this machine, and why. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'npm test': 'it is what runs this test',
  'npm run deploy':
    'it needs an AWS account; the template that it deploys is synthesized and checked in test/cdk',
  'npm run bench': 'it measures, and is not a test',
}

/** A machine that runs tests may hide its kernel's config: the host that submits is one with a real one. */
const HOST = {
  config: `${process.cwd()}/test/vectors/kernel-configs/bottlerocket_5.10.165_1_1.13.0-aws.config.gz`,
}
const onHost = (command: string): string =>
  command.replace('/proc/config.gz', HOST.config).replace('$(uname -r)', '5.10.165')

test('every command of README does what it says', async () => {
  const readme = await readFile('README.md', 'utf8')
  const work = await scratch()
  const port = await freePort()
  const kernel = pinned('6.1', 'amd64')
  const here = (command: string) =>
    onHost(command)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
      .replaceAll('6.1.192-2-amd64', kernel.release)
  const ran: string[] = []
  let stop = async (): Promise<unknown> => undefined
  try {
    for (const command of commandsOf(readme)) {
      if (command in NOT_HERE) continue
      ran.push(command)
      if (command === 'npm start') stop = await npmStart(port, join(work.dir, 'data'))
      else if (/^np(m run|x) /.test(command)) await sh('sh', ['-c', command])
      else await sh('sh', ['-c', `mkdir -p -m 700 gnupg; GNUPGHOME=gnupg ${here(command)}`], work.dir)
    }
  } finally {
    await stop()
    await work.remove()
  }
  expect(ran[0]).toBe('npm start')
  expect(ran.filter((command) => command.startsWith('curl')).length).toBeGreaterThan(3)
  expect(ran).toContain('npm run synth')
}, 300_000)

test('every script that README names is there', async () => {
  const readme = await readFile('README.md', 'utf8')
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const [, name = ''] of readme.matchAll(/npm (?:run )?(start|test|[a-z]+)\b/g))
    expect(scripts).toHaveProperty(name)
})

/** `npm start` as a user types it, until its last line; resolves to Ctrl-C. */
async function npmStart(port: number, dataDir: string): Promise<() => Promise<void>> {
  const env = { ...process.env, PORT: String(port), DATA_DIR: dataDir }
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
