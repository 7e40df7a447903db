// Settings of a registry with a canary.

export const CANARY_PROBE = '/driver/0.20.0/x86_64/scap_debian_6.1.192-2-amd64_1.ko'

export const withCanary = (own: object = {}) => ({ cloud: { canary: { probe: CANARY_PROBE, ...own } } })
