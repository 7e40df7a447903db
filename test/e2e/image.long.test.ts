// Tests the loader's image in an emulated machine with Debian's kernel: the image's insmod loads the module with only the one
// capability that docs/image.md names.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hostFiles } from '../support/registry/host-files.ts'
import { type DebianKernel, pinned } from '../support/registry/kernels.ts'
import {
  DRIVER_VERSION,
  freePort,
  type Registry,
  scratch,
  sh,
  startRegistry,
} from '../support/registry/registry.ts'
import { bootVm, HOST_LOOPBACK, programs } from '../support/vm.ts'

const MAIN = join(import.meta.dirname, '../../client/image/main.ts')
/** The capability for chroot. A container runtime enters the container itself; here the test does it with chroot. */
const ENTERING = '+sys_chroot'

let work: Awaited<ReturnType<typeof scratch>>
let registry: Registry
let kernel: DebianKernel
let port: number

beforeAll(async () => {
  work = await scratch()
  port = await freePort()
  kernel = pinned('6.1', 'amd64')
  registry = await startRegistry({
    dataDir: join(work.dir, 'data'),
    port,
    env: { PUBLIC_URL: `http://${HOST_LOOPBACK}:${port}` },
  })
}, 240_000)
afterAll(async () => {
  await registry?.stop()
  await work.remove()
})

/** Unpacks the layers of the amd64 image above each other, and returns the folder. */
function unpacked(): string {
  const out = join(work.dir, 'image')
  const driver = ['--driver-version', DRIVER_VERSION, '--driver-name', 'scap']
  execFileSync(process.execPath, [MAIN, ...driver, '--arch', 'amd64', '--out', out], { stdio: 'pipe' })
  const read = (path: string) => JSON.parse(readFileSync(join(out, path), 'utf8'))
  const blob = (digest: string) => `blobs/${digest.replace(':', '/')}`
  const { layers } = read(blob(read('index.json').manifests[1].digest))
  const root = join(work.dir, 'root')
  mkdirSync(root)
  for (const { digest } of layers) execFileSync('tar', ['-xzf', join(out, blob(digest)), '-C', root])
  return root
}

test('an init container loads the probe with SYS_MODULE, and reports the missing capability without it', async () => {
  const root = unpacked()
  execFileSync('tar', ['-C', root, '-czf', join(work.dir, 'root.tar.gz'), '.'])
  const { config } = await hostFiles(kernel.unameRelease)
  const key = await sh('curl', [
    '-fsS',
    '-H',
    `Host: ${HOST_LOOPBACK}:${port}`,
    `http://127.0.0.1:${port}/keys/falco-probes.asc`,
    '-L',
    '--connect-to',
    `::127.0.0.1:${port}`,
  ])
  // By its full path: otherwise the machine's shell would run busybox's setpriv.
  const dropping = programs('setpriv')
  const [setpriv = ''] = Object.keys(dropping)
  const container = (name: string, capabilities: string) => `
echo "== ${name}"
DRIVERS_REPO=http://${HOST_LOOPBACK}:${port}/driver HOST_ROOT=/host HOME=/root DRIVER_NAME=scap DRIVER_VERSION='${DRIVER_VERSION}' \\
  ${setpriv} --bounding-set=-all,${capabilities} --inh-caps=-all chroot /image /usr/bin/falco-driver-loader module 2>&1
echo "exit $?"
echo "live: $(grep -c '^scap ' /proc/modules)"
`
  const said = await bootVm({
    unameRelease: kernel.unameRelease,
    network: true,
    seconds: 300,
    files: {
      ...dropping,
      '/root.tar.gz': readFileSync(join(work.dir, 'root.tar.gz')),
      '/node/etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
      [`/node/boot/config-${kernel.unameRelease}`]: config,
      '/key': key,
    },
    script: `mkdir -p /image && tar -xzf /root.tar.gz -C /image && mkdir -p /image/host/proc /image/host/etc /image/host/boot
mount -t proc proc /image/proc && mount --bind /proc /image/host/proc && mount --bind /dev /image/dev
mount --bind /node/etc /image/host/etc && mount --bind /node/boot /image/host/boot
cp /key /image/etc/falco/falco-probes.asc
${container('without', ENTERING)}
${container('with', `${ENTERING},+sys_module`)}`,
  })
  const [, without = '', loaded = ''] = said.split(/^== .*\n/m)
  expect(without, registry.output()).toContain('in a container it must be privileged (CAP_SYS_MODULE)')
  expect(without).toMatch(/^exit 7\nlive: 0$/m)
  expect(loaded).toMatch(/^\* Success: scap_debian_\S+\.ko is loaded$/m)
  expect(loaded).toMatch(/^exit 0\nlive: 1$/m)
})
