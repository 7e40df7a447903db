// What a host can always do where no probe is found by name: have one built from its own config. No refusal ends the road.

/** For a shell on that host; URL stands for the registry's own. */
export const SUBMIT_LINE =
  'curl -F config=@/proc/config.gz -F release="$(uname -r)" -F version="$(uname -v)" -F machine="$(uname -m)" -F os-release=@/etc/os-release URL/v1/probes'

const HOW = `on the host, with this registry's URL in the place of URL: ${SUBMIT_LINE} (no /proc/config.gz? Send /boot/config-$(uname -r)). The registry's falco-driver-loader does the same with --compile`

/** `why`: one sentence or several. What it says of the submission already is not said twice. */
export const orSubmit = (why: string): string =>
  why.includes(SUBMIT_LINE)
    ? why
    : `${sentence(asSubmitted(why))} Have the probe built from the config of the kernel, ${HOW}`

/** The same for who has submitted the kernel: without the advice to do so. */
export const asSubmitted = (why: string): string =>
  why
    .replace(/,? or POST [^.;]{1,60} to \/v1\/probes/g, '')
    .replace(/(: |)POST [^.;]{1,60} to \/v1\/probes, or (\w)/g, (_, colon: string, first: string) =>
      colon === '' ? first.toUpperCase() : `${colon}${first}`,
    )
    .replace(/[:.] POST [^.;]{1,60} to \/v1\/probes(?=\.|$)/g, '')

/** With its full stop. */
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
