// Debian's sysdig, a real client of a driver: captures events through a module that is loaded.

import { type Apt, archive } from './builds/apt.ts'
import { packagedProgram } from './debs.ts'

/** What a machine needs to run it, from a Debian of that archive. */
export const sysdigFiles = (apt: Apt = archive()): Record<string, Uint8Array> => ({
  ...packagedProgram('sysdig', '/usr/bin/sysdig', apt),
})

/**
 * Lines of busybox sh for a machine in which the module is loaded: captures so many events while a process makes some,
 * shows a few, and tells their number and how the module went.
 */
export const capturing = (events: number): string => `
(while :; do busybox true </etc/passwd; done) &
busy=$!
sysdig --version
timeout 60 sysdig -n ${events} -p 'event=%evt.type by=%proc.name' >/tmp/events 2>/tmp/errors; echo "sysdig ended with $?"
grep '^event=' /tmp/events | sort | uniq -c | sort -rn | head -n 12
cat /tmp/errors
echo "captured $(grep -c '^event=' /tmp/events) of ${events}, open by busybox: $(grep -c '^event=open.* by=busybox' /tmp/events)"
`
