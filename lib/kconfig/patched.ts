// Recognizes patched kernels by options that kernel.org's kernels do not have.

import { compareSeries, seriesOf } from '../model/series.ts'
import type { Kconfig } from './kconfig.ts'

/** `several`: more than one distribution has that patch. */
export type PatchedBy = keyof typeof TITLES

export interface Patched {
  readonly by: PatchedBy
  /** the option that shows it, with `CONFIG_` */
  readonly option: string
}

interface Mark {
  readonly option: string
  readonly by: PatchedBy
  /** first series in which kernel.org's kernel has the option, too */
  readonly until?: readonly [number, number]
}

const marks = (by: PatchedBy, ...options: string[]): Mark[] => options.map((option) => ({ option, by }))

/**
 * Options of a single tree come first, then those that several trees share. Unless a row names another source: the option is in
 * real configs of that distribution (test/vectors, and those in this file's test), and in no Kconfig file of kernel.org's 6.1.
 */
const MARKS: readonly Mark[] = [
  // Padding in structures for a stable ABI (include/linux/rh_kabi.h): Red Hat 8 and later, CentOS Stream, and rebuilds.
  ...marks('redhat', 'RHEL_DIFFERENCES', 'RH_KABI_SIZE_ALIGN_CHECKS'),
  // init/Kconfig.suse.
  ...marks('suse', 'SUSE_KERNEL', 'SUSE_KERNEL_SUPPORTED', 'SUSE_VERSION'),
  // Canonical's kernel, from which Proxmox VE makes its own. VERSION_SIGNATURE is the text in /proc/version_signature.
  ...marks('ubuntu', 'UBUNTU_ODM_DRIVERS', 'UBUNTU_HOST', 'VERSION_SIGNATURE', 'LOCK_DOWN_IN_SECURE_BOOT'),
  // drivers/amazon. Bottlerocket uses Amazon Linux's kernel.
  ...marks('amazon', 'AMAZON_DRIVER_UPDATES', 'AMAZON_ENA_ETHERNET', 'SYSGENID'),
  // The Unbreakable Enterprise Kernel: its DTrace adds fields to task_struct and struct module.
  ...marks('oracle', 'DTRACE', 'LOCK_DOWN_KERNEL_SECUREBOOT_FORCE_INTEGRITY'),
  // drivers/android/Kconfig and init/Kconfig.gki of Android's common kernels. They add padding, too.
  ...marks(
    'android',
    'ANDROID_KABI_RESERVE',
    'ANDROID_VENDOR_OEM_DATA',
    'GKI_HACKS_TO_FIX',
    'MODULE_SIG_PROTECT',
    'ANDROID_PARANOID_NETWORK',
  ),
  ...marks('cos', 'SECURITY_CONTAINER_MONITOR', 'SECURITY_CHROMIUMOS'),
  // WSL2 and Azure Linux.
  ...marks('microsoft', 'DXGKRNL'),
  ...marks('raspberrypi', 'BCM_VCIO', 'BCM2708_VCMEM', 'BCM2835_SMI'),
  ...marks('synology', 'SYNO_FEATURES', 'SYNO_SYSTEM_CALL'),
  ...marks('openvz', 'VE', 'BEANCOUNTERS'),
  ...marks('grsecurity', 'GRKERNSEC', 'PAX'),
  // linux-hardened.
  ...marks('hardened', 'SLAB_CANARY', 'SECURITY_TIOCSTI_RESTRICT'),
  // Other schedulers: zen, liquorix, xanmod, CachyOS.
  ...marks('desktop', 'ZEN_INTERACTIVE', 'SCHED_BORE', 'SCHED_ALT', 'SCHED_PDS', 'SCHED_BMQ', 'SCHED_MUQSS'),
  // Changes the structures of locks. kernel.org has PREEMPT_RT since 5.3, but x86_64 and aarch64 allow it only since 6.12.
  ...marks('realtime', 'PREEMPT_RT_FULL'),
  { option: 'PREEMPT_RT', by: 'realtime', until: [6, 12] },
  // debian/patches in Debian's package linux.
  ...marks('debian', 'X86_X32_DISABLED', 'SECURITY_PERF_EVENTS_RESTRICT'),
  // Lockdown before 5.4, and its link to Secure Boot: Fedora, SUSE and others. An option for user namespaces: Arch, zen.
  ...marks(
    'several',
    'LOCK_DOWN_KERNEL',
    'LOCK_DOWN_IN_EFI_SECURE_BOOT',
    'EFI_SECURE_BOOT_LOCK_DOWN',
    'EFI_SECURE_BOOT_SECURELEVEL',
    'USER_NS_UNPRIVILEGED',
  ),
]

/** `release`: `uname -r`, or the version of the source. `undefined`: no option shows that it is not kernel.org's kernel. */
export function patchesIn(config: Kconfig, release: string): Patched | undefined {
  const series = seriesOf(release)
  const found = MARKS.find(
    ({ option, until }) =>
      isSet(config, option) &&
      (until === undefined || (series !== undefined && compareSeries(series, until) < 0)),
  )
  return found === undefined ? undefined : { by: found.by, option: `CONFIG_${found.option}` }
}

/** Finds the distribution of a recorded option. An option that is no longer in the table counts as `several`. */
export const patchedWith = (option: string): Patched => ({
  by: MARKS.find((mark) => `CONFIG_${mark.option}` === option)?.by ?? 'several',
  option,
})

function isSet({ options }: Kconfig, name: string): boolean {
  const value = options.get(name)
  if (value?.tag === 'switch') return value.value !== 'n'
  if (value?.tag === 'string') return value.text !== ''
  return value !== undefined
}

const TITLES = {
  amazon: 'of Amazon Linux or Bottlerocket',
  android: 'of Android',
  cos: 'of Container-Optimized OS',
  debian: 'of Debian',
  desktop: 'with another scheduler',
  grsecurity: 'with grsecurity',
  hardened: 'with the patches of linux-hardened',
  microsoft: 'of WSL or Azure Linux',
  openvz: 'of OpenVZ',
  oracle: "of Oracle's unbreakable kernel",
  raspberrypi: 'of Raspberry Pi OS',
  realtime: 'with the real-time patches',
  redhat: 'of Red Hat or a rebuild of it',
  several: 'of a distribution',
  suse: 'of SUSE',
  synology: 'of Synology',
  ubuntu: 'of Ubuntu or Proxmox VE',
} as const

/** Human-readable: why the registry does not build it from kernel.org's source, and what to do. */
export const patchedReason = ({ by, option }: Patched): string =>
  `this is the config of a patched kernel ${TITLES[by]} (${option}): its structures differ from those in kernel.org's source, and a probe built from that source may crash this host. Build it from the kernel's own headers: ask for it by the distribution's own name, or submit the URLs of its header packages (kernelurls) or its /sys/kernel/kheaders.tar.xz (kheaders). The registry's operator can name its source (vanilla.archive and vanilla.keys of the settings). The modern_bpf engine needs no probe. force=true builds it from kernel.org's source anyway`

/** Human-readable: how the registry treats it. For an answer before the registry has looked for the kernel's headers. */
export const patchedNote = ({ by, option }: Patched): string =>
  `This is the config of a patched kernel ${TITLES[by]} (${option}): its structures differ from those in kernel.org's source. Its probe is built from its own headers: the registry looks for them by the host's names, or name them (kernelurls). Where there are none it is refused, unless force=true.`

/** True if the distribution packages its kernel's source, from which the registry can build. */
export const hasOwnSource = ({ by }: Patched): boolean => by === 'debian'
