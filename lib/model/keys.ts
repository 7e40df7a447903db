// Keys of objects in the buckets.

export const PUBLIC_KEY_OBJECT = 'keys/falco-probes.asc'

/** Staging keys of one claim. */
export const stagingKeys = (claim: string) => ({
  /** what the plan decided; read by publish, out of the build's reach */
  plan: `${claim}/plan.json`,
  job: `${claim}/job`,
  probe: `${claim}/probe`,
  log: `${claim}/log`,
  manifest: `${claim}/manifest`,
  /** the kernel's build tree, for the next driver version */
  prepared: `${claim}/prepared`,
  /** why the plan broke off; out of the build's reach */
  fault: `${claim}/fault`,
})
/** Staging keys of one load test of one claim's probe; `test`: which one, from 1. */
export const loadTestKeys = (claim: string, test: number) => ({
  /** what the test was started with; out of its own reach */
  order: `${claim}/load-test-${test}/order.json`,
  job: `${claim}/load-test-${test}/job`,
  verdict: `${claim}/load-test-${test}/verdict`,
  log: `${claim}/load-test-${test}/log`,
  /** the kernel's image, for the next test */
  boot: `${claim}/load-test-${test}/boot`,
  /** why the test could not be started; out of its own reach */
  fault: `${claim}/load-test-${test}/fault`,
})
/** Key of bytes in the inputs bucket. */
export const inputKey = (sha256: string): string => `sha256/${sha256}`
/** Key of the subset that was kept of a package list. */
export const listKey = (id: string): string => `metadata/${id}.json`
/** Key of bytes that a host sent of its kernel. */
export const submittedKey = (sha256: string): string => `submitted/${sha256}`
/** Key of a kernel's build tree, by its `treeId`. */
export const treeKey = (id: string): string => `trees/${id}`
/** Key of a kernel's image, by the sha256 of the package that it is in. */
export const imageKey = (sha256: string): string => `images/${sha256}`
/** Key of what says which root some packages make. */
export const rootKey = (id: string): string => `roots/${id}.json`
/** Key of a submitted kernel, by its `recordId`. */
export const kernelKey = (id: string): string => `kernels/${id}`

/** What a function that keeps one kind of input may write: none of them what another believes. */
export const INPUT_KEYS = {
  kept: inputKey('*'),
  lists: listKey('*'),
  submitted: submittedKey('*'),
  trees: treeKey('*'),
  images: imageKey('*'),
  kernels: kernelKey('*'),
}
/** Kinds of repositories: what their objects' keys begin with, and the paths of those of packages. */
export const CHANNELS = ['apt', 'rpm', 'oci'] as const
export type ChannelName = (typeof CHANNELS)[number]
/** Key of a file of a repository that only its pointer gives a name. */
export const listObject = (channel: ChannelName, sha256: string): string => `${channel}/by-hash/${sha256}`

/** Key of bytes of an image, by their digest. */
export const imageObject = (digest: string): string => listObject('oci', digest.slice('sha256:'.length))

/** What packages are made of. */
export const PACKAGED_KEYS = ['driver/*']
export const CHANNEL_KEYS = CHANNELS.map((channel) => `${channel}/*`)
/** Whatever a probe's key can begin with (lib/names/grammar.ts), and a package's; none of the public keys. */
export const ARTIFACT_KEYS = ['driver/*', 'config/*', 'config-hash/*', ...CHANNEL_KEYS]
/** Of the table of sources: what stands for a repository. No driver version begins so. */
export const pointerKey = (id: string): string => `~${id}`
/** Of the same table: what a digest (`sha256:...`) of an image leads to, and what a tag (`repository:tag`) names. */
export const digestKey = (digest: string): string => pointerKey(`oci/@${digest}`)
export const tagKey = (name: string): string => pointerKey(`oci/${name}`)
export const POINTER_KEYS = CHANNEL_KEYS.map(pointerKey)
/** Of these what is published: it lies in a folder that has the sha256 of the probe, or of the package, for a name. */
export const PUBLISHED_KEYS = ARTIFACT_KEYS.map((keys) => `${keys}/${'?'.repeat(64)}/*`)
export const isPublished = (key: string): boolean => /\/[0-9a-f]{64}\/[^/]+$/.test(key)
/** What compose writes of a root: itself, and its record. */
export const ROOT_KEYS = [inputKey('*'), rootKey('*')]
