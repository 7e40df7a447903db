// Adds advice to refusals: a host can always submit its own config and get a probe for it.

/** Command for a shell on the host. The user replaces `URL` by the registry's URL. */
export const SUBMIT_LINE =
  'curl -F config=@/proc/config.gz -F release="$(uname -r)" -F version="$(uname -v)" -F machine="$(uname -m)" -F os-release=@/etc/os-release URL/v1/probes'

const HOW = `on the host, with this registry's URL in the place of URL: ${SUBMIT_LINE} (no /proc/config.gz? Send /boot/config-$(uname -r)). The registry's falco-driver-loader does the same with --compile`

/** Appends the advice to `why`, which is one or more sentences, unless `why` contains it already. */
export const orSubmit = (why: string): string =>
  why.includes(SUBMIT_LINE)
    ? why
    : `${sentence(asSubmitted(why))} Have the probe built from the config of the kernel, ${HOW}`

/** Removes the advice to submit the kernel, for kernels that were submitted. */
export const asSubmitted = (why: string): string =>
  why
    .replace(/,? or POST [^.;]{1,60} to \/v1\/probes/g, '')
    .replace(/(: |)POST [^.;]{1,60} to \/v1\/probes, or (\w)/g, (_, colon: string, first: string) =>
      colon === '' ? first.toUpperCase() : `${colon}${first}`,
    )
    .replace(/[:.] POST [^.;]{1,60} to \/v1\/probes(?=\.|$)/g, '')

/** Adds a missing full stop. */
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
