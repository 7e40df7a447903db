// Driver sources attack their build. They can reach nothing but their own build folder.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../support/builds/build.ts'
import { GOOD, making, smallBuild } from '../support/builds/small.ts'
import { type LoopbackStore, openStore } from '../support/builds/store.ts'
import { LONG } from '../support/long.ts'

let store: LoopbackStore
beforeAll(async () => {
  store = await openStore()
})
afterAll(() => store.close())

/** The sandbox is made in another way on each of them. */
const OUTER = ['user', 'root', 'container'] as const

describe.each(LONG ? OUTER : OUTER.filter((outer) => outer !== 'root'))(
  'a hostile Makefile, on a machine of the kind %s,',
  (outer) => {
    test('reaches no network', async () => {
      const reach = `bash -c ': </dev/tcp/127.0.0.1/${store.port}' && echo REACHED`
      const { exit, log } = await build(store, { ...smallBuild(making(reach, GOOD)), outer })
      expect(exit).toBe(0)
      expect(log).toContain(`/dev/tcp/127.0.0.1/${store.port}: Connection refused`)
      expect(log).not.toContain('REACHED')
    })

    test('sees no URL, no variable and no file of the build around it', async () => {
      const look = [
        'echo looking: $(env | wc -l) variables',
        'seen() { tr "\\0" "\\n" | grep -c "$1"; }',
        'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | seen "X[-]Amz\\|JOB[_]\\|CLAI[M]\\|PROBE[_]\\|build[.]sh" | sed "s/^/processes: /"',
        'printf "X-%s\\n" Amz | seen "X[-]Amz" | sed "s/^/this way: /"',
        'env | seen "JOB[_]\\|CLAIM\\|CODEBUILD\\|PROBE[_]" | sed "s/^/variables: /"',
        'find / -xdev -type f -size -100k ! -path "/usr/*" ! -path "/proc/*" -exec cat {} + 2>/dev/null | seen "X[-]Amz" | sed "s/^/files: /"',
        'ls -A -1 /inputs /codebuild /tmp/probe-build 2>/dev/null | grep -v ^/inputs:$ | seen . | sed "s/^/folders: /"',
        `bash -c 'echo descriptors: $(for fd in {0..1023}; do (exec 2>/dev/null; : <&$fd) && echo $fd; done)'`,
        GOOD,
      ]
      const { exit, log, output } = await build(store, { ...smallBuild(making(...look)), outer })
      expect(exit).toBe(0)
      expect(log).toMatch(/looking: \d+ variables/)
      expect(log).toContain('\nthis way: 1\n')
      for (const place of ['processes', 'variables', 'files', 'folders'])
        expect(log).toContain(`\n${place}: 0\n`)
      expect(log).toContain('descriptors: 0 1 2\n')
      expect(output).not.toContain('X-Amz')
    })

    test('can write only into its build folder and /tmp', async () => {
      const places =
        '/usr /usr/bin /usr/src /etc /kernel /kernel/tree /driver /steps /proc/sys/kernel /dev/shm/.. /build /tmp'
      const write = `for place in ${places}; do (echo x >$place/written) 2>/dev/null && echo wrote $place; done`
      const { exit, log } = await build(store, { ...smallBuild(making(write, GOOD)), outer })
      expect(exit).toBe(0)
      const wrote = [...log.matchAll(/^wrote (\S+)$/gm)].map(([, place]) => place)
      expect(wrote.filter((place) => !place?.startsWith('/dev/'))).toEqual(['/build', '/tmp'])
    })

    test('leaves no process behind', async () => {
      const stay = '(setsid sleep 300 >/dev/null 2>&1 3>&- &)'
      const { exit, manifest } = await build(store, { ...smallBuild(making(stay, GOOD)), outer })
      expect(exit).toBe(0)
      expect(manifest?.timings.compile).toBeLessThan(60)
    })

    test('can open no socket that leaves its network, and make no system call that namespaces do not isolate', async () => {
      const [SYSLOG, ADD_KEY, KEYCTL, PERF, BPF, USERFAULTFD, IO_URING] =
        process.arch === 'arm64' ? [116, 217, 219, 241, 280, 282, 425] : [103, 248, 250, 298, 321, 323, 425]
      const calls = [SYSLOG, ADD_KEY, KEYCTL, PERF, BPF, USERFAULTFD, IO_URING].join(', ')
      const look = [
        `perl -e 'for my $f (0..50) { for my $t (1, 2, 3, 5) { print "family $f\\n" if socket(my $s, $f, $t, 0) } }'`,
        `perl -MErrno -e 'for (${calls}) { syscall($_, 0, 0, 0, 0, 0); print "call $_: ", $!{ENOSYS} ? "none" : $!, "\\n" }'`,
        `perl -e 'print "x32: ", syscall(0x40000000 + 39), "\\n"'`,
        'grep "^Seccomp:" /proc/self/status',
        GOOD,
      ]
      const { exit, log } = await build(store, { ...smallBuild(making(...look)), outer })
      expect(exit).toBe(0)
      expect(new Set(log.match(/^family .*$/gm))).toEqual(new Set(['family 1', 'family 2', 'family 10']))
      expect(log.match(/^call \d+: none$/gm)).toHaveLength(7)
      expect(log).toContain('\nx32: -1\n')
      if (outer !== 'root') expect(log).toMatch(/^Seccomp:\t2$/m)
    })

    test('has limits of memory, processes and files, has no privileged user if possible, and has its own /proc if possible', async () => {
      const look = [
        'prlimit --pid $$ --raw --noheadings --output RESOURCE,SOFT,HARD | sed "s/^/limit: /"',
        'echo "user: $(id -u)"; [ ! -d /proc/self ] || echo "proc: $(ls /proc | grep -c "^[0-9]")"',
        'df --output=target,size /build /tmp | sed "s/^/size: /"',
        'find / -maxdepth 2 -path "/etc/*" | sed "s/^/file: /"',
        GOOD,
      ]
      const { log } = await build(store, { ...smallBuild(making(...look)), outer })
      const limits = { CORE: 0, NPROC: 4096, FSIZE: 268435456, AS: 8589934592 }
      for (const [name, most] of Object.entries(limits)) {
        const [, soft, hard] = new RegExp(`^limit: ${name} (\\d+) (\\d+)$`, 'm').exec(log) ?? []
        expect(Math.max(Number(soft), Number(hard))).toBeLessThanOrEqual(most)
      }
      expect(log).toMatch(/^size: \/build +1048576$/m)
      expect(log).toMatch(/^size: \/tmp +262144$/m)
      expect(log.match(/^file: .*$/gm)).toEqual(['file: /etc/alternatives'])
      if (process.getuid?.() !== 0) return
      expect(log).toContain(`\nuser: ${outer === 'root' ? 0 : 64055}\n`)
      expect(/^proc: \d+$/m.test(log)).toBe(outer !== 'root')
    })

    test('cannot enter another user namespace', async () => {
      const { exit, log } = await build(store, {
        ...smallBuild(making('unshare -Ur true && echo INSIDE', GOOD)),
        outer,
      })
      expect(exit).toBe(0)
      expect(log).not.toContain('INSIDE')
    })
  },
)

describe('the output of a hostile Makefile', () => {
  test.each([
    ['a link to a file of the machine', 'ln -s /etc/passwd scap.ko'],
    ['a link to a file of its own', 'cp /usr/bin/true x; ln -s x scap.ko'],
    ['a folder', 'mkdir scap.ko'],
    ['a pipe', 'mkfifo scap.ko'],
    ['nothing', 'true'],
  ])('is not collected if it is %s', async (_, line) => {
    const { exit, log, manifest, requests } = await build(store, smallBuild(making(line)))
    expect(exit).toBe(1)
    expect(manifest?.stage).toBe('collect')
    expect(log).toMatch(/\nfailed at collect: .*: compiling left no probe that is a regular file\n$/)
    expect(requests).not.toContain('PUT probe')
  })

  test('is not uploaded if the probe is larger than allowed', async () => {
    const order = smallBuild(making(GOOD), { MAX_PROBE_BYTES: '1000' })
    const { exit, log, requests } = await build(store, order)
    expect(exit).toBe(1)
    expect(log).toMatch(/the probe has \d+ bytes; 1000 are allowed\n$/)
    expect(requests).not.toContain('PUT probe')
  })

  test('ends after the time limit if the compilation is endless', async () => {
    const order = smallBuild(making('trap "" TERM', 'while :; do sleep 300; done'), { COMPILE_SECONDS: '1' })
    const { exit, log, manifest } = await build(store, order)
    expect(exit).toBe(1)
    expect(manifest).toMatchObject({ stage: 'compile', cause: 'time' })
    expect(log).toContain('did not end within 1 seconds')
  })

  test('keeps only the two ends of a log that is too long', async () => {
    const { exit, log } = await build(
      store,
      smallBuild(making('yes bad | head -c 20000000', 'echo the end', GOOD)),
    )
    expect(exit).toBe(0)
    expect(log.length).toBeLessThan(4.1 * 1024 * 1024)
    expect(log).toMatch(/^scap 1\.2\.3/)
    expect(log).toMatch(/only the last MiB is kept/)
    expect(log).toMatch(/\nthe end\n[\s\S]*\ndone: .*\n$/)
  })
})
