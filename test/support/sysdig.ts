// Provides Debian's sysdig, a real client of a driver, for a virtual machine with a loaded driver.

import { type Apt, archive } from './builds/apt.ts'
import { packagedProgram } from './debs.ts'
import type { Vm } from './vm.ts'

/** Files and script for the machine: a process keeps opening /script, and sysdig must see this `events` times. */
export function sysdig(events: number, apt: Apt = archive()): Required<Pick<Vm, 'files' | 'script'>> {
  const { files, command } = packagedProgram(apt, 'sysdig', 'usr/bin/sysdig')
  return {
    files: Object.fromEntries(Object.entries(files).map(([name, body]) => [`/sysdig/${name}`, body])),
    script: `
(while :; do busybox cat /script >/dev/null; done) &
busy=$!
${command('/sysdig')} --version
timeout 60 ${command('/sysdig')} -n ${events} -p 'event=%evt.type of=%fd.name' \\
  'evt.type in (open, openat) and fd.name = /script' >/tmp/events 2>&1; echo "sysdig ended with $?"
grep -v '^event=' /tmp/events
echo "sysdig saw $(grep -c '^event=open.* of=/script' /tmp/events) events"
kill $busy
`,
  }
}
