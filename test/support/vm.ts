// Boots a virtual machine with Debian's own kernel: it gets files and a script, and returns the console output.

import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packageBytes } from './builds/archive.ts'
import { keep } from './keep.ts'

/** In load order. */
const NETWORK = [
  ...['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci'],
  ...['failover', 'net_failover', 'virtio_net'],
]
/** The address of the host's loopback inside the machine. */
export const HOST_LOOPBACK = '10.0.2.2'

export interface Vm {
  /** e.g. `6.1.0-56-amd64`: a kernel of this machine's own archive */
  readonly unameRelease: string
  /** by absolute path; all are executable */
  readonly files?: Readonly<Record<string, Uint8Array | string>>
  /** lines of busybox sh, run as root with every applet on the PATH; the machine stops after them */
  readonly script: string
  /** whether it reaches the host's loopback, as HOST_LOOPBACK */
  readonly network?: boolean
  /** time limit */
  readonly seconds: number
}

/** Returns the console output. Throws with the output so far if the machine does not end in time. */
export async function bootVm(vm: Vm): Promise<string> {
  const kit = kitOf(vm.unameRelease)
  const folder = mkdtempSync(join(tmpdir(), 'vm-'))
  try {
    writeFileSync(join(folder, 'initramfs'), initramfsOf(vm, kit, join(folder, 'root')))
    return await run(kit, join(folder, 'initramfs'), vm)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Programs of this machine with their libraries, for `files`. */
export function programs(...names: readonly string[]): Record<string, Uint8Array> {
  const paths = names.map((name) =>
    execFileSync('sh', ['-c', `command -v ${name}`])
      .toString()
      .trim(),
  )
  const libraries = paths.flatMap((path) =>
    [
      ...execFileSync('ldd', [path])
        .toString()
        .matchAll(/(\/\S+) \(0x/g),
    ].map(([, file]) => file ?? ''),
  )
  return Object.fromEntries([...paths, ...libraries].map((path) => [path, readFileSync(path)]))
}

interface Kit {
  /** folder of vmlinuz, vmlinux (if this machine could decompress the kernel) and the modules */
  readonly folder: string
}

/** Unpacks the kernel's package once; an interrupted run leaves no incomplete kit. */
function kitOf(unameRelease: string): Kit {
  const cache = join(tmpdir(), 'probe-registry-packages')
  const deb = packageBytes(`linux-image-${unameRelease}`)
  const folder = join(cache, `vm-${unameRelease}-${deb.length}`)
  if (!existsSync(folder)) {
    const made = mkdtempSync(join(cache, 'vm-'))
    writeFileSync(join(made, 'kernel.deb'), deb)
    unpack(made, unameRelease)
    unwrap(made)
    keep(made, folder)
  }
  return { folder }
}

function unpack(folder: string, unameRelease: string): void {
  const wanted = [`*/vmlinuz-${unameRelease}`, ...NETWORK.map((name) => `*/${name}.ko*`)]
  const members = wanted.map((name) => `'${name}'`).join(' ')
  const tar = `tar -x --wildcards --no-same-owner --transform 's,.*/,,' ${members}`
  execFileSync('sh', ['-c', `dpkg-deb --fsys-tarfile kernel.deb | ${tar}; rm kernel.deb`], { cwd: folder })
  renameSync(join(folder, `vmlinuz-${unameRelease}`), join(folder, 'vmlinuz'))
}

/** Decompresses the kernel with the load test's own step, in a similar sandbox. */
function unwrap(folder: string): void {
  const steps = join(import.meta.dirname, '../../buildspecs/load-test')
  const room = ['--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/lib', '/lib']
  const binds = [
    '--symlink',
    'usr/lib64',
    '/lib64',
    '--ro-bind',
    folder,
    '/kernel',
    '--ro-bind',
    steps,
    '/steps',
  ]
  const image = openSync(join(folder, 'vmlinux'), 'w')
  try {
    execFileSync('bwrap', [...room, ...binds, 'sh', '-eu', '/steps/image.sh', 'unwrapped'], {
      stdio: ['ignore', 'ignore', 'pipe', image],
    })
  } catch {
    rmSync(join(folder, 'vmlinux'))
  } finally {
    closeSync(image)
  }
}

function initramfsOf({ files = {}, script, network = false }: Vm, kit: Kit, root: string): Buffer {
  const modules = network ? readdirSync(kit.folder).filter((name) => name.includes('.ko')) : []
  const whole: Vm['files'] = {
    ...files,
    ...Object.fromEntries(modules.map((name) => [`/modules/${name}`, readFileSync(join(kit.folder, name))])),
    '/bin/busybox': readFileSync('/usr/bin/busybox'),
    '/script': script,
    '/init': init(network),
  }
  for (const folder of ['proc', 'sys', 'dev', 'tmp', 'etc', 'root']) {
    mkdirSync(join(root, folder), { recursive: true })
  }
  for (const [path, body] of Object.entries(whole)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), body)
    chmodSync(join(root, path), 0o755)
  }
  const archive = 'find . | busybox cpio -o -H newc 2>/dev/null'
  return execFileSync('sh', ['-c', archive], { cwd: root, maxBuffer: 1 << 29 })
}

const init = (network: boolean): string => `#!/bin/busybox sh
/bin/busybox mkdir -p /usr/bin /usr/sbin
for applet in $(/bin/busybox --list); do
  [ -e /usr/bin/$applet ] || [ -e /bin/$applet ] || /bin/busybox ln -s /bin/busybox /bin/$applet
done
export PATH=/usr/bin:/usr/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ip link set lo up
${network ? networkUp : ''}
sh /script
poweroff -f
`

const networkUp = `${NETWORK.map((name) => `insmod /modules/${name}.ko`).join('\n')}
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route add default via ${HOST_LOOPBACK}`

function run({ folder }: Kit, initramfs: string, { network = false, seconds }: Vm): Promise<string> {
  const image =
    ['vmlinux', 'vmlinuz'].map((name) => join(folder, name)).find((path) => existsSync(path)) ?? ''
  const nic = network ? ['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile='] : []
  // timeout ends the machine even if this process is no longer there to end it.
  const machine = spawn(
    'timeout',
    [
      ...['--signal=KILL', String(seconds), 'qemu-system-x86_64'],
      ...[
        '-accel',
        'tcg,tb-size=128',
        '-M',
        'q35',
        '-cpu',
        'max',
        '-m',
        '512',
        '-nodefaults',
        '-no-user-config',
      ],
      ...['-display', 'none', '-no-reboot', '-serial', 'stdio', ...(network ? nic : ['-nic', 'none'])],
      ...['-kernel', image, '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1 oops=panic'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  for (const stream of [machine.stdout, machine.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk
    })
  }
  return new Promise((resolve, reject) => {
    machine.on('error', reject)
    machine.on('close', (code) => {
      const text = said.replaceAll('\r', '')
      if (code === 0) resolve(text)
      else reject(new Error(`the machine did not end well within ${seconds} seconds:\n${text}`))
    })
  })
}
