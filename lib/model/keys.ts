// Computes the keys of objects in the buckets, and of items in the table of sources.

export const PUBLIC_KEY_OBJECT = 'keys/falco-probes.asc'

/** Keys of one claim's objects in the staging bucket. */
export const stagingKeys = (claim: string) => ({
  /** the plan, which publish reads; the build has no permission to write it */
  plan: `${claim}/plan.json`,
  job: `${claim}/job`,
  probe: `${claim}/probe`,
  log: `${claim}/log`,
  manifest: `${claim}/manifest`,
  /** the kernel's build tree, for the next driver version */
  prepared: `${claim}/prepared`,
  /** why the plan failed; the build has no permission to write it */
  fault: `${claim}/fault`,
})
/** Keys of one load test's objects in the staging bucket. `test`: its number, from 1. */
export const loadTestKeys = (claim: string, test: number) => ({
  /** inputs of the test; the test has no permission to write it */
  order: `${claim}/load-test-${test}/order.json`,
  job: `${claim}/load-test-${test}/job`,
  verdict: `${claim}/load-test-${test}/verdict`,
  log: `${claim}/load-test-${test}/log`,
  /** the kernel's image, for the next test */
  boot: `${claim}/load-test-${test}/boot`,
  /** why the test could not be started; the test has no permission to write it */
  fault: `${claim}/load-test-${test}/fault`,
})
/** Key of a file in the inputs bucket. */
export const inputKey = (sha256: string): string => `sha256/${sha256}`
/** Key of the kept subset of a Packages index. */
export const listKey = (id: string): string => `metadata/${id}.json`
/** Key of a submitted file. */
export const submittedKey = (sha256: string): string => `submitted/${sha256}`
/** Key of a kernel's build tree, by its `treeId`. */
export const treeKey = (id: string): string => `trees/${id}`
/** Key of a kernel's image, by the sha256 of its package. */
export const imageKey = (sha256: string): string => `images/${sha256}`
/** Key of the record of a root, by its packages. */
export const rootKey = (id: string): string => `roots/${id}.json`
/** Key of a submitted kernel, by its `recordId`. */
export const kernelKey = (id: string): string => `kernels/${id}`

/** Patterns of keys, by kind of input. Each function may write only its own kinds, and none that another function trusts. */
export const INPUT_KEYS = {
  kept: inputKey('*'),
  lists: listKey('*'),
  submitted: submittedKey('*'),
  trees: treeKey('*'),
  images: imageKey('*'),
  kernels: kernelKey('*'),
}
/** Kinds of package repositories. Keys of their objects and paths of their URLs start with these. */
export const CHANNELS = ['apt', 'rpm', 'oci'] as const
export type ChannelName = (typeof CHANNELS)[number]
/** Key of a repository's list. The repository's pointer names the current lists. */
export const listObject = (channel: ChannelName, sha256: string): string => `${channel}/by-hash/${sha256}`

/** Key of an image's bytes, by their digest. */
export const imageObject = (digest: string): string => listObject('oci', digest.slice('sha256:'.length))

/** Patterns of keys of probes that become packages. */
export const PACKAGED_KEYS = ['driver/*']
export const CHANNEL_KEYS = CHANNELS.map((channel) => `${channel}/*`)
/** Patterns of keys of all probes (lib/names/grammar.ts) and packages, without the public keys. */
export const ARTIFACT_KEYS = ['driver/*', 'config/*', 'config-hash/*', ...CHANNEL_KEYS]
/** Id of a pointer in the table of sources. No driver version begins with `~`. */
export const pointerKey = (id: string): string => `~${id}`
/** Ids of a digest (`sha256:...`) and a tag (`repository:tag`) in the same table. */
export const digestKey = (digest: string): string => pointerKey(`oci/@${digest}`)
export const tagKey = (name: string): string => pointerKey(`oci/${name}`)
export const POINTER_KEYS = CHANNEL_KEYS.map(pointerKey)
/** Patterns of keys of published objects. The folder's name is the sha256 of the probe or package. */
export const PUBLISHED_KEYS = ARTIFACT_KEYS.map((keys) => `${keys}/${'?'.repeat(64)}/*`)
export const isPublished = (key: string): boolean => /\/[0-9a-f]{64}\/[^/]+$/.test(key)
/** Patterns of keys that compose writes: roots and their records. */
export const ROOT_KEYS = [inputKey('*'), rootKey('*')]
