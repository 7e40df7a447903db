// Debian's sysdig, a real client of a driver, for a machine in which one is loaded.

import { type Apt, archive } from './builds/apt.ts'
import { packagedProgram } from './debs.ts'
import type { Vm } from './vm.ts'

/** Files for the machine, and lines of its script: so many events are captured while a process makes some. */
export function sysdig(events: number, apt: Apt = archive()): Required<Pick<Vm, 'files' | 'script'>> {
  const { files, command } = packagedProgram(apt, 'sysdig', 'usr/bin/sysdig')
  return {
    files: Object.fromEntries(Object.entries(files).map(([name, body]) => [`/sysdig/${name}`, body])),
    script: `
(while :; do busybox cat /script >/dev/null; done) &
busy=$!
${command('/sysdig')} --version
timeout 60 ${command('/sysdig')} -n ${events} -p 'event=%evt.type by=%proc.name' >/tmp/events 2>&1; echo "sysdig ended with $?"
grep -v '^event=' /tmp/events
grep '^event=' /tmp/events | sort | uniq -c | sort -rn | head -n 12
echo "sysdig saw $(grep -c '^event=' /tmp/events) events, $(grep -c '^event=open.* by=busybox' /tmp/events) of them of files that were opened"
kill $busy
`,
  }
}
