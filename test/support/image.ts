// Reads and runs images with real tools: skopeo and umoci from Debian's packages, and a container in the image that umoci
// unpacked.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openRootCache } from '../../client/roots/cache.ts'
import { folderListDates, folderStore } from '../../client/roots/folder-store.ts'
import { ROOT_KEYRING } from '../../lib/archives/roots.ts'
import { createFetch } from '../../lib/aws/fetch.ts'
import { rootOfSuites } from '../../lib/build/roots/roots.ts'
import { aptOptions } from '../../local/start/apt-sources.ts'
import { tell } from './builds/apt.ts'
import { machine } from './builds/build.ts'
import { CACHE } from './builds/roots.ts'
import { type Ran, ran } from './client/program.ts'
import { mainMirror } from './mirrors.ts'

export interface ImageTools {
  /** Returns its output; throws with it on failure. `folder`: its working folder, and all that it sees of this machine. */
  run(folder: string, command: readonly string[]): string
}

/** From bookworm, composed once per user, like build roots. */
export async function imageTools(): Promise<ImageTools> {
  const fetch = createFetch({ timeoutMs: 300_000 })
  const ports = {
    ...{ fetch, now: Date.now, inputs: folderStore(CACHE), lists: folderListDates(CACHE), log: () => {} },
    keyring: ROOT_KEYRING,
  }
  const suite = { mirror: mainMirror(), suite: 'bookworm', ...aptOptions() }
  const closure = {
    names: ['coreutils', 'skopeo', 'umoci'],
    without: ['debconf', 'dpkg', 'openssl', 'sensible-utils'],
  }
  const root = await rootOfSuites(ports, [suite], machine, closure)
  tell(`skopeo and umoci: ${root.packages.length} packages`)
  const { folder: tools } = await openRootCache(CACHE, fetch).root(root)
  const own = ['/tmp', '/run', '/var', '/etc'].flatMap((place) => ['--tmpfs', place])
  const files = ['--ro-bind', tools, '/', '--proc', '/proc', '--dev', '/dev', ...own, '--dir', '/var/tmp']
  // Both tools read these files of a container host.
  const policy = ['--ro-bind', join(tools, 'etc/containers'), '/etc/containers']
  const machines = [...policy, '--ro-bind', '/dev/null', '/etc/resolv.conf']
  return {
    run: (folder, command) => {
      const here = ['--bind', folder, '/tmp/here', '--chdir', '/tmp/here']
      return execFileSync('bwrap', ['--unshare-all', ...files, ...machines, ...here, ...command], {
        encoding: 'utf8',
        env: { PATH: '/usr/bin', HOME: '/tmp' },
        stdio: 'pipe',
      })
    },
  }
}

/** The settings that a container runtime gets from an image and a pod. */
export interface Container {
  /** the image, unpacked */
  readonly rootfs: string
  readonly env: Readonly<Record<string, string>>
  readonly entrypoint: readonly string[]
  readonly args?: readonly string[]
  /** folders of this machine, by their paths in the container; the prefix `rw:` makes one writable */
  readonly mounts: Readonly<Record<string, string>>
  readonly user?: number
}

/** It shares this machine's network and has no capability; everything except the `rw:` mounts is read-only. */
export function contained({ rootfs, env, entrypoint, args = [], mounts, user = 0 }: Container): Promise<Ran> {
  const binds = Object.entries(mounts).flatMap(([place, from]) => [
    from.startsWith('rw:') ? '--bind' : '--ro-bind',
    from.replace(/^rw:/, ''),
    place,
  ])
  // A runtime creates the mount points.
  for (const place of Object.keys(mounts)) mkdirSync(join(rootfs, place), { recursive: true })
  const room = ['--unshare-all', '--share-net', '--uid', `${user}`, '--gid', `${user}`, '--cap-drop', 'ALL']
  const files = ['--ro-bind', rootfs, '/', '--proc', '/proc', '--dev', '/dev', ...binds]
  const variables = Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value])
  return ran('bwrap', [
    ...room,
    ...files,
    '--clearenv',
    ...variables,
    '--die-with-parent',
    ...entrypoint,
    ...args,
  ])
}
