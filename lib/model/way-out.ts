// What a host can always do where no probe is found by name: have one built from its own config. No refusal ends the road.

/** For a shell on that host; URL stands for the registry's own. */
export const SUBMIT_LINE =
  'curl -F config=@/proc/config.gz -F release="$(uname -r)" -F version="$(uname -v)" -F machine="$(uname -m)" -F os-release=@/etc/os-release URL/v1/probes'

const HOW = `on the host, with this registry's URL in the place of URL: ${SUBMIT_LINE} (no /proc/config.gz? Send /boot/config-$(uname -r)). The registry's falco-driver-loader does the same with --compile`

/** `why`: one sentence or several. What it says of the submission already is not said twice. */
export function orSubmit(why: string): string {
  if (why.includes(SUBMIT_LINE)) return why
  return why.includes('/v1/probes')
    ? `${sentence(why)} That is, ${HOW}`
    : `${sentence(why)} Have the probe built from the config of the kernel, ${HOW}`
}

/** With its full stop. */
export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
