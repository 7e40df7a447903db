// Hostile lines in a submitted config, which try to make a build run them, read a file, or fail.

/**
 * How the attack must end: the complete text is `refused`; its line is `ignored`; the line is `read` as an option, without the
 * rest of the line; or `disarmed`: it passes the grammar, but loses its value before a build.
 */
type Fate = 'refused' | 'ignored' | 'read' | 'disarmed'

interface HostileForm {
  readonly name: string
  readonly fate: Fate
  /** to append to a complete config: one or more lines, without the final newline */
  readonly lines: string
}

/** Each form tries to run the shell command, which must not contain a quote. */
export const hostileForms = (command: string): readonly HostileForm[] => [
  ...expansions(command),
  ...strings(command),
  ...makeLines(command),
  ...characters(command),
  ...shapes(command),
  ...wellFormed(command),
]

const refused = (name: string, lines: string): HostileForm => ({ name, fate: 'refused', lines })
const ignored = (name: string, lines: string): HostileForm => ({ name, fate: 'ignored', lines })
const read = (name: string, lines: string): HostileForm => ({ name, fate: 'read', lines })
const disarmed = (name: string, lines: string): HostileForm => ({ name, fate: 'disarmed', lines })

const expansions = (command: string): HostileForm[] => [
  disarmed('a command substitution in LOCALVERSION', `CONFIG_LOCALVERSION="-x$(${command})"`),
  disarmed('backquotes in LOCALVERSION', `CONFIG_LOCALVERSION="-x\`${command}\`"`),
  disarmed('make calling the shell', `CONFIG_LOCALVERSION="$(shell ${command})"`),
  disarmed('make calling the shell with braces', `CONFIG_BUILD_SALT="\${shell ${command}}"`),
  ignored('make calling the shell without quotes', `CONFIG_X=$(shell ${command})`),
  disarmed('make evaluating', `CONFIG_X="$(eval all:; ${command})"`),
  disarmed('make writing a file', 'CONFIG_X="$(file >pwned,x)"'),
  disarmed('a doubled dollar, which make halves', `CONFIG_LOCALVERSION="-$$(${command})"`),
  disarmed('a variable of the environment', 'CONFIG_LOCALVERSION="-$HOME"'),
  disarmed('the expansion of Kconfig itself', `CONFIG_CC_VERSION_TEXT="$(shell,${command})"`),
  ignored('a substitution in the name', `CONFIG_$(shell ${command})=y`),
  disarmed('an escaped dollar', `CONFIG_LOCALVERSION="\\$(${command})"`),
]

const strings = (command: string): HostileForm[] => [
  ignored('a string that does not end', `CONFIG_LOCALVERSION="-x; ${command}`),
  ignored('a string that does not begin', `CONFIG_LOCALVERSION=-x; ${command}"`),
  disarmed('a command after a string', `CONFIG_LOCALVERSION="-x"; ${command}`),
  disarmed('a second string after a string', `CONFIG_LOCALVERSION="-x" "${command}"`),
  disarmed('a quote within a string', `CONFIG_LOCALVERSION="-x"${command}""`),
  ignored('single quotes', `CONFIG_LOCALVERSION='${command}'`),
  ignored('a line that goes on in the next', `CONFIG_LOCALVERSION="-x\\\n; ${command}"`),
  ignored('a last quote that is escaped', `CONFIG_LOCALVERSION="-x\\"`),
  disarmed('an escape that Kconfig does not write', 'CONFIG_LOCALVERSION="-x\\n"'),
  disarmed('an octal escape', 'CONFIG_LOCALVERSION="-\\044(id)"'),
  ignored('a bare word', `CONFIG_LOCALVERSION=${command.split(' ')[0]}`),
]

const makeLines = (command: string): HostileForm[] => [
  ignored('an include', 'include /etc/passwd'),
  ignored('a silent include', '-include /etc/shadow'),
  ignored("Kconfig's source", 'source "/etc/passwd"'),
  ignored('an override', `override CC=${command}`),
  ignored('an export', `export CC=${command}`),
  ignored('an immediate assignment', `CONFIG_A:=$(shell ${command})`),
  ignored('an appended assignment', 'CONFIG_A+=y'),
  ignored('an assignment of output', `CONFIG_A!=${command}`),
  ignored('a conditional assignment', 'CONFIG_A?=y'),
  ignored('a rule', `all:\n\t${command}`),
  ignored('a definition', `define CONFIG_A\n${command}\nendef`),
  ignored('a call on a line of its own', `$(shell ${command})`),
  ignored('another prefix', 'KBUILD_CFLAGS=-fplugin=/tmp/x.so'),
  ignored('no prefix', 'CC=/tmp/cc'),
  ignored('a shell bang', `#!/bin/sh\n${command}`),
  ignored("buildroot's own options", 'BR2_LINUX_KERNEL=y'),
]

const characters = (command: string): HostileForm[] => [
  read('a carriage return as a line end', `CONFIG_A=y\rCONFIG_B=y;${command}`),
  disarmed('a carriage return within a string', `CONFIG_LOCALVERSION="-x\r${command}"`),
  refused('a NUL in a string', `CONFIG_LOCALVERSION="-x\0${command}"`),
  refused('a NUL in a comment', `# harmless\0\n`),
  disarmed('a tab in a string', 'CONFIG_LOCALVERSION="-x\ty"'),
  ignored('a tab before an option', '\tCONFIG_A=y'),
  ignored('a space before an option', ' CONFIG_A=y'),
  ignored('spaces around the equals sign', 'CONFIG_A = y'),
  read('a space after a value', 'CONFIG_A=y '),
  read('a form feed', 'CONFIG_A=y\f'),
  disarmed('an escape sequence of a terminal', 'CONFIG_LOCALVERSION="\x1b[2J"'),
  disarmed('text that turns around', 'CONFIG_LOCALVERSION="\u202egnp.x\u202c"'),
  ignored('letters that look like others', 'CONFIG_\u0410=y'),
  disarmed('a line separator of Unicode', `CONFIG_LOCALVERSION="-x\u2028${command}"`),
  ignored('a byte order mark within', '\n\ufeffCONFIG_A=y'),
  disarmed('a byte that is no text', 'CONFIG_LOCALVERSION="\xff"'),
]

const shapes = (command: string): HostileForm[] => [
  disarmed('a line of a megabyte', `CONFIG_LOCALVERSION="${'a'.repeat(1024 * 1024)}"`),
  ignored('backslashes by the thousand', `CONFIG_LOCALVERSION="${'\\'.repeat(4001)}"`),
  refused('more options than any kernel has', options(40_001)),
  refused('more lines than any kernel has', '\n'.repeat(100_001)),
  ignored('a name without letters', 'CONFIG_=y'),
  ignored('a name with a path', 'CONFIG_../../etc/passwd=y'),
  ignored('a name of a thousand letters', `CONFIG_${'A'.repeat(1000)}=y`),
  ignored('a number with a command', `CONFIG_NR_CPUS=8;${command}`),
  ignored('a number with more digits than Kconfig holds', `CONFIG_NR_CPUS=${'9'.repeat(20)}`),
  ignored('a number that is octal elsewhere', 'CONFIG_NR_CPUS=0777'),
  ignored('a fraction', 'CONFIG_HZ=1e9'),
  ignored('hex with a command', `CONFIG_PHYSICAL_START=0x1000;${command}`),
  ignored('hex without digits', 'CONFIG_PHYSICAL_START=0x'),
  read('a switch with more', `CONFIG_MODULES=y;${command}`),
  ignored('a switch in capitals', 'CONFIG_MODULES=Y'),
  ignored('nothing', 'CONFIG_MODULES='),
  read('more after "is not set"', `# CONFIG_MODULES is not set; ${command}`),
  read('"is not set" where only Kconfig reads it', '#\tCONFIG_MODULES is not set'),
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
