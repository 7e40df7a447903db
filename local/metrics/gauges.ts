// Gauges of the current state: waiting clients, builds, the disk, the process.

import { gauge, type Metric } from './text.ts'

export interface Standing {
  /** requests that wait for a build */
  readonly waiting: number
  /** `waiting` for a machine, or `queued` for their turn */
  readonly builds: { readonly running: number; readonly waiting: number; readonly queued: number }
  /** events that no function could handle and that no operator has handled yet */
  readonly failedEvents: number
  /** bytes */
  readonly disk: { readonly free: number; readonly needed: number }
}

export const gaugesOf = ({ waiting, builds, failedEvents, disk }: Standing): Metric[] => [
  gauge('probe_registry_waiting_requests', 'Requests that wait for a build now.', waiting),
  {
    name: 'probe_registry_builds',
    help: 'Builds and load tests that run, that wait for a machine though their turn has come, and that wait for their turn.',
    type: 'gauge',
    samples: Object.entries(builds).map(([state, value]) => ({ labels: { state }, value })),
  },
  gauge(
    'probe_registry_failed_events',
    'Events that were given up after their last retry, and wait for probe-registry replay.',
    failedEvents,
  ),
  gauge('probe_registry_disk_free_bytes', 'Bytes that are free on the disk of DATA_DIR.', disk.free),
  gauge(
    'probe_registry_disk_needed_bytes',
    'Bytes that must be free there for new builds (DATA_ROOM).',
    disk.needed,
  ),
  ...gaugesOfProcess(),
]

function gaugesOfProcess(): Metric[] {
  const [uptime, started] = [process.uptime(), performance.timeOrigin / 1000]
  const memory = process.memoryUsage.rss()
  const { user, system } = process.cpuUsage()
  const cpu = (user + system) / 1e6
  return [
    gauge('probe_registry_uptime_seconds', 'Seconds since it started, by a clock that is never set.', uptime),
    gauge('process_start_time_seconds', 'When the process started, in seconds since the epoch.', started),
    gauge('process_resident_memory_bytes', 'Memory of the process, without its builds.', memory),
    {
      ...gauge('process_cpu_seconds_total', 'Processor time of the process, without its builds.', cpu),
      type: 'counter',
    },
  ]
}
