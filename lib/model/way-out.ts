// The advice in refusals: a host can always have a probe built from its own config.

/** For a shell on that host; `URL` is the registry's. */
export const SUBMIT_LINE =
  'curl -F config=@/proc/config.gz -F release="$(uname -r)" -F version="$(uname -v)" -F machine="$(uname -m)" -F os-release=@/etc/os-release URL/v1/probes'

const HOW = `on the host, with this registry's URL in the place of URL: ${SUBMIT_LINE} (no /proc/config.gz? Send /boot/config-$(uname -r)). The registry's falco-driver-loader does the same with --compile`

/** `why`: one or more sentences; advice that they contain already is not repeated. */
export const orSubmit = (why: string): string =>
  why.includes(SUBMIT_LINE)
    ? why
    : `${sentence(asSubmitted(why))} Have the probe built from the config of the kernel, ${HOW}`

/** For a submitted kernel: removes the advice to submit it. */
export const asSubmitted = (why: string): string =>
  why
    .replace(/,? or POST [^.;]{1,60} to \/v1\/probes/g, '')
    .replace(/(: |)POST [^.;]{1,60} to \/v1\/probes, or (\w)/g, (_, colon: string, first: string) =>
      colon === '' ? first.toUpperCase() : `${colon}${first}`,
    )
    .replace(/[:.] POST [^.;]{1,60} to \/v1\/probes(?=\.|$)/g, '')

/** Adds a missing full stop. */
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
