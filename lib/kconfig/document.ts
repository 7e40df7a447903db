// The table of rules as a page of documentation.

import { type Effect, type Engine, RULES, type Rule } from './rules.ts'

const ENGINE: Readonly<Record<Engine, string>> = {
  kmod: 'module',
  ebpf: 'legacy eBPF',
  modernEbpf: 'modern eBPF',
}
const BY_DEFAULT = {
  loads: 'maybe; by default it loads',
  refused: 'maybe; by default it is refused',
  'loads-if-built-so': 'maybe; it loads if it was built so',
} as const

const HEAD = `# Whether Falco runs on a kernel

Written by \`npx --no-install probe-registry check --document\`; a test fails when it is stale.

Falco has three engines: the **modern eBPF** probe, which is part of Falco itself and needs nothing from here, the kernel **module**, and the **legacy eBPF** probe of Falco up to 0.43. Which of them a kernel takes, its config tells:

    npx --no-install probe-registry check /boot/config-$(uname -r)
    curl -F config=@/proc/config.gz -F release="$(uname -r)" -F version="$(uname -v)" -F machine="$(uname -m)" http://127.0.0.1:8080/v1/verdicts

The first asks nobody; the second has a registry say the same, which builds nothing and keeps nothing. Each engine is answered with **yes**, **maybe** (the command line, Secure Boot or how it must be built decides; what happens by default is said) or **no**, with the options that decide and what to do. Where the modern eBPF probe runs, no probe is needed, and that is said first.

The first rule that prevents an engine decides; without one, those that may; where none holds, the answer is yes. What is *worth knowing* changes no answer. \`X off\` holds in a whole config only: in a part of one what is absent may be on, and the answer is maybe.

| where | engine | answer | what happens, and what to do | source |
|---|---|---|---|---|
`

export const verdictsDocument = (): string => HEAD + RULES.map(row).join('')

function row({ when, engines, effect, what, todo, source }: Rule): string {
  const words = todo === undefined ? what : `${what} ${todo}.`
  const names = engines.map((engine) => ENGINE[engine]).join(', ')
  const cells = [when.text, names, answerOf(effect), words, source]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
}

function answerOf(effect: Effect): string {
  switch (effect.tag) {
    case 'prevents':
      return 'no'
    case 'may-prevent':
      return BY_DEFAULT[effect.byDefault]
    case 'note':
      return 'worth knowing'
  }
}
