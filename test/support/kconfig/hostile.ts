// What a stranger may write into a config so that a build runs it, reads it or chokes on it.

/** Where the parser must stop it; `disarmed` passes the grammar, and loses its value before a build. */
export type Fate = 'refused' | 'disarmed'

export interface HostileForm {
  readonly name: string
  readonly fate: Fate
  /** to be added to a whole config: one line or several, without the last line's end */
  readonly lines: string
}

/** Each form tries to run the shell command, which must hold no quote. */
export const hostileForms = (command: string): readonly HostileForm[] => [
  ...expansions(command),
  ...strings(command),
  ...makeLines(command),
  ...characters(command),
  ...shapes(command),
  ...wellFormed(command),
]

const refused = (name: string, lines: string): HostileForm => ({ name, fate: 'refused', lines })
const disarmed = (name: string, lines: string): HostileForm => ({ name, fate: 'disarmed', lines })

const expansions = (command: string): HostileForm[] => [
  refused('a command substitution in LOCALVERSION', `CONFIG_LOCALVERSION="-x$(${command})"`),
  refused('backquotes in LOCALVERSION', `CONFIG_LOCALVERSION="-x\`${command}\`"`),
  refused('make calling the shell', `CONFIG_LOCALVERSION="$(shell ${command})"`),
  refused('make calling the shell with braces', `CONFIG_BUILD_SALT="\${shell ${command}}"`),
  refused('make calling the shell without quotes', `CONFIG_X=$(shell ${command})`),
  refused('make evaluating', `CONFIG_X="$(eval all:; ${command})"`),
  refused('make writing a file', 'CONFIG_X="$(file >pwned,x)"'),
  refused('a doubled dollar, which make halves', `CONFIG_LOCALVERSION="-$$(${command})"`),
  refused('a variable of the environment', 'CONFIG_LOCALVERSION="-$HOME"'),
  refused('the expansion of Kconfig itself', `CONFIG_CC_VERSION_TEXT="$(shell,${command})"`),
  refused('a substitution in the name', `CONFIG_$(shell ${command})=y`),
  refused('an escaped dollar', `CONFIG_LOCALVERSION="\\$(${command})"`),
]

const strings = (command: string): HostileForm[] => [
  refused('a string that does not end', `CONFIG_LOCALVERSION="-x; ${command}`),
  refused('a string that does not begin', `CONFIG_LOCALVERSION=-x; ${command}"`),
  refused('a command after a string', `CONFIG_LOCALVERSION="-x"; ${command}`),
  refused('a second string after a string', `CONFIG_LOCALVERSION="-x" "${command}"`),
  refused('a quote within a string', `CONFIG_LOCALVERSION="-x"${command}""`),
  refused('single quotes', `CONFIG_LOCALVERSION='${command}'`),
  refused('a line that goes on in the next', `CONFIG_LOCALVERSION="-x\\\n; ${command}"`),
  refused('a last quote that is escaped', `CONFIG_LOCALVERSION="-x\\"`),
  refused('an escape that Kconfig does not write', 'CONFIG_LOCALVERSION="-x\\n"'),
  refused('an octal escape', 'CONFIG_LOCALVERSION="-\\044(id)"'),
  refused('a bare word', `CONFIG_LOCALVERSION=${command.split(' ')[0]}`),
]

const makeLines = (command: string): HostileForm[] => [
  refused('an include', 'include /etc/passwd'),
  refused('a silent include', '-include /etc/shadow'),
  refused("Kconfig's source", 'source "/etc/passwd"'),
  refused('an override', `override CC=${command}`),
  refused('an export', `export CC=${command}`),
  refused('an immediate assignment', `CONFIG_A:=$(shell ${command})`),
  refused('an appended assignment', 'CONFIG_A+=y'),
  refused('an assignment of output', `CONFIG_A!=${command}`),
  refused('a conditional assignment', 'CONFIG_A?=y'),
  refused('a rule', `all:\n\t${command}`),
  refused('a definition', `define CONFIG_A\n${command}\nendef`),
  refused('a call on a line of its own', `$(shell ${command})`),
  refused('another prefix', 'KBUILD_CFLAGS=-fplugin=/tmp/x.so'),
  refused('no prefix', 'CC=/tmp/cc'),
  refused('a shell bang', `#!/bin/sh\n${command}`),
  refused("buildroot's own options", 'BR2_LINUX_KERNEL=y'),
]

const characters = (command: string): HostileForm[] => [
  refused('a carriage return as a line end', `CONFIG_A=y\rCONFIG_B=y;${command}`),
  refused('a carriage return within a string', `CONFIG_LOCALVERSION="-x\r${command}"`),
  refused('a NUL in a string', `CONFIG_LOCALVERSION="-x\0${command}"`),
  refused('a NUL in a comment', `# harmless\0\n`),
  refused('a tab in a string', 'CONFIG_LOCALVERSION="-x\ty"'),
  refused('a tab before an option', '\tCONFIG_A=y'),
  refused('a space before an option', ' CONFIG_A=y'),
  refused('spaces around the equals sign', 'CONFIG_A = y'),
  refused('a space after a value', 'CONFIG_A=y '),
  refused('a form feed', 'CONFIG_A=y\f'),
  refused('an escape sequence of a terminal', 'CONFIG_LOCALVERSION="\x1b[2J"'),
  refused('text that turns around', 'CONFIG_LOCALVERSION="\u202egnp.x\u202c"'),
  refused('letters that look like others', 'CONFIG_\u0410=y'),
  refused('a line separator of Unicode', `CONFIG_LOCALVERSION="-x\u2028${command}"`),
  refused('a byte order mark', '\ufeffCONFIG_A=y'),
  refused('a byte that is no text', 'CONFIG_LOCALVERSION="\xff"'),
]

const shapes = (command: string): HostileForm[] => [
  refused('a line of a megabyte', `CONFIG_LOCALVERSION="${'a'.repeat(1024 * 1024)}"`),
  refused('a comment of a megabyte', `# ${'a'.repeat(1024 * 1024)}`),
  refused('backslashes by the thousand', `CONFIG_LOCALVERSION="${'\\'.repeat(4001)}"`),
  refused('more options than any kernel has', options(40_001)),
  refused('more lines than any kernel has', '\n'.repeat(100_001)),
  refused('a name without letters', 'CONFIG_=y'),
  refused('a name with a path', 'CONFIG_../../etc/passwd=y'),
  refused('a name of a thousand letters', `CONFIG_${'A'.repeat(1000)}=y`),
  refused('a number with a command', `CONFIG_NR_CPUS=8;${command}`),
  refused('a number with more digits than Kconfig holds', `CONFIG_NR_CPUS=${'9'.repeat(20)}`),
  refused('a number that is octal elsewhere', 'CONFIG_NR_CPUS=0777'),
  refused('a fraction', 'CONFIG_HZ=1e9'),
  refused('hex with a command', `CONFIG_PHYSICAL_START=0x1000;${command}`),
  refused('hex without digits', 'CONFIG_PHYSICAL_START=0x'),
  refused('a switch with more', `CONFIG_MODULES=y;${command}`),
  refused('a switch in capitals', 'CONFIG_MODULES=Y'),
  refused('nothing', 'CONFIG_MODULES='),
  refused('more after "is not set"', `# CONFIG_MODULES is not set; ${command}`),
  refused('"is not set" where only Kconfig reads it', '#\tCONFIG_MODULES is not set'),
]

const wellFormed = (command: string): HostileForm[] => [
  disarmed('a suffix that is a command', `CONFIG_LOCALVERSION=";${command};"`),
  disarmed('quotes that close when make strips them', `CONFIG_LOCALVERSION="\\";${command};\\""`),
  disarmed('a suffix that ends a path', 'CONFIG_LOCALVERSION="/../../../pwned"'),
  disarmed('a suffix that ends a line of make', `CONFIG_LOCALVERSION="-x #\\\\"`),
  disarmed('keys from a file', 'CONFIG_SYSTEM_TRUSTED_KEYS="/etc/shadow"'),
  disarmed('a key to sign with', 'CONFIG_MODULE_SIG_KEY="/etc/ssl/private/key.pem"'),
  disarmed('a key from a token', 'CONFIG_MODULE_SIG_KEY="pkcs11:object=x;module-path=/tmp/x.so"'),
  disarmed('a hash that is a flag', `CONFIG_MODULE_SIG_HASH="sha512 -x; ${command}"`),
  disarmed('files for the initramfs', 'CONFIG_INITRAMFS_SOURCE="/etc /root"'),
  disarmed('firmware from anywhere', 'CONFIG_EXTRA_FIRMWARE="../../../etc/shadow"'),
  disarmed('a folder of firmware', 'CONFIG_EXTRA_FIRMWARE_DIR="/etc"'),
  disarmed('a file within the boot config', 'CONFIG_BOOT_CONFIG_EMBED_FILE="/etc/shadow"'),
  disarmed('flags for the compiler', 'CONFIG_CC_IMPLICIT_FALLTHROUGH="-fplugin=/tmp/x.so"'),
  disarmed('a compiler that is a command', `CONFIG_CC_VERSION_TEXT="gcc; ${command}"`),
  disarmed('a helper that is a command', `CONFIG_UEVENT_HELPER_PATH="/bin/sh -c ${command}"`),
  disarmed('a command line of the kernel', `CONFIG_CMDLINE="init=${command}"`),
  disarmed('a salt with a pipe', `CONFIG_BUILD_SALT="x|${command}"`),
  disarmed('a word that is none', `CONFIG_DEFAULT_TCP_CONG="cubic;${command}"`),
  disarmed('a word that is a flag', 'CONFIG_NLS_DEFAULT="-fplugin=x"'),
  disarmed('an option that no kernel has', `CONFIG_NEXT_YEARS_COMMAND="${command}"`),
  disarmed('lines that end as on Windows', `CONFIG_LOCALVERSION=";${command}"\r\nCONFIG_ZZZ=y\r`),
]

const options = (count: number): string =>
  Array.from({ length: count }, (_, index) => `CONFIG_OPTION_${index}=y`).join('\n')
