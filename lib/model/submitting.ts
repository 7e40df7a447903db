// How a person submits a host's kernel: the one line that messages end with.

/** `REGISTRY` is for the reader to put in: a message does not know by which name it is reached. */
export const SUBMIT_LINE =
  'curl -F config=@/boot/config-$(uname -r) -F release="$(uname -r)" -F version="$(uname -v)" -F machine="$(uname -m)" -F os-release=@/etc/os-release REGISTRY/v1/probes'

/** The end of a sentence. */
export const submitIt = `submit the kernel's config from that host (or /proc/config.gz): ${SUBMIT_LINE}`
