// Generates docs/verdicts.md from the table of rules.

import { type ByDefault, type Engine, RULES, type Rule } from './rules.ts'

const ENGINE: Readonly<Record<Engine, string>> = {
  kmod: 'module',
  ebpf: 'legacy eBPF',
  modernEbpf: 'modern eBPF',
}
const ANSWER: Readonly<Record<ByDefault | 'prevents' | 'note', string>> = {
  prevents: 'no',
  loads: 'maybe; by default it loads',
  refused: 'maybe; by default it is refused',
  'loads-if-built-so': 'maybe; it loads if it was built so',
  note: 'worth knowing',
}

const HEAD = `# Whether Falco runs on a kernel

Falco has three engines:

* the **modern eBPF** probe is part of Falco itself, and needs no registry;
* the kernel **module**;
* the **legacy eBPF** probe, which Falco has up to 0.43.

The kernel's config decides which of them run. In a clone where \`npm start\` or \`sh local/setup.sh node\` ran once, this command reads the config and sends nothing:

    npx --no-install probe-registry check /boot/config-$(uname -r)

Without a clone, ask a registry. It gives the same answer, and neither builds nor keeps anything:

    curl -F config=@/proc/config.gz -F release="$(uname -r)" -F version="$(uname -v)" -F machine="$(uname -m)" http://127.0.0.1:8080/v1/verdicts

If the modern eBPF probe runs, the answer begins with that: no probe is needed. Each engine then has an answer, with the options that decide and what to do:

* **yes**: the kernel loads it.
* **maybe**: the command line, Secure Boot, or the way it is built decides. The answer says what happens by default.
* **no**: the kernel cannot load it.

## The rules

This command writes this page; a test fails if the page is stale:

    npx --no-install probe-registry check --document

For each engine the first rule with *no* decides; without one, the rules with *maybe*; without these, the answer is *yes*. Rules with *worth knowing* change no answer. \`X off\` is sure only in a complete config. In a part of a config, an absent option can be on, so the answer is *maybe*.

| condition | engine | answer | what happens, and what to do | source |
|---|---|---|---|---|
`

export const verdictsDocument = (): string => HEAD + RULES.map(row).join('')

function row({ when, engines, effect, what, todo, source }: Rule): string {
  const words = todo === undefined ? what : `${what} ${todo}.`
  const names = engines.map((engine) => ENGINE[engine]).join(', ')
  const answer = ANSWER[effect.tag === 'may-prevent' ? effect.byDefault : effect.tag]
  const cells = [when.text, names, answer, words, source]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
}
