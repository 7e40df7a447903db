import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Kconfig } from '../../../lib/kconfig/kconfig.ts'
import { neutralize } from '../../../lib/kconfig/neutralize.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import { printKconfig } from '../../../lib/kconfig/print.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import { hostileForms } from '../../support/kconfig/hostile.ts'
import {
  configText,
  FIELD_CONFIGS,
  fieldConfig,
  fieldText,
  NAMES,
  realConfig,
} from '../../support/kconfig/vectors.ts'

/** The values that are printed. toEqual ignores the order of a Map; here the order counts. */
const said = ({ headerVersion, headerArch, compilerComment, whole, options }: Kconfig) => ({
  headerVersion,
  headerArch,
  compilerComment,
  whole,
  options: [...options],
})
const readAs = (text: string, name: string) => parseKconfig(`CONFIG_FIRST=y\n${text}\n`).options.get(name)
/** `line: why` of each ignored line, in a text whose first line is one of ours. */
const ignoredIn = (text: string) =>
  parseKconfig(`CONFIG_FIRST=y\n${text}\n`).ignored.map(({ line, why }) => `${line}: ${why}`)

function refusal(text: string): string {
  try {
    parseKconfig(text)
  } catch (error) {
    if (isProbeError(error, 'bad-config')) return error.message
    throw error
  }
  return ''
}

const CANARY = 'touch pwned'
const forms = hostileForms(CANARY)

describe('a config is parsed as data', () => {
  test('every form of the grammar is read', () => {
    const text = [
      '#',
      '# Linux/x86 6.1.54 Kernel Configuration',
      'CONFIG_A=y',
      'CONFIG_B=m',
      'CONFIG_C=n',
      '# CONFIG_d3 is not set',
      '',
      'CONFIG_8250=-5',
      'CONFIG_HEX=0xFFff0000',
      'CONFIG_TEXT="a \\"b\\" \\\\c # d"\r',
      'CONFIG_NONE=""',
    ].join('\n')
    expect(parseKconfig(text)).toMatchObject({
      headerVersion: '6.1.54',
      headerArch: 'x86',
      whole: true,
      ignored: [],
      ignoredLines: 0,
    })
    expect([...parseKconfig(text).options]).toEqual([
      ['A', { tag: 'switch', value: 'y' }],
      ['B', { tag: 'switch', value: 'm' }],
      ['C', { tag: 'switch', value: 'n' }],
      ['d3', { tag: 'switch', value: 'n' }],
      ['8250', { tag: 'number', digits: '-5' }],
      ['HEX', { tag: 'hex', digits: '0xFFff0000' }],
      ['TEXT', { tag: 'string', text: 'a "b" \\c # d' }],
      ['NONE', { tag: 'string', text: '' }],
    ])
  })

  test.each([
    ['# Linux/x86 6.1.54 Kernel Configuration', 'x86', '6.1.54'],
    ['# Linux/x86_64 4.18.0-477.el8.x86_64 Kernel Configuration', 'x86_64', '4.18.0-477.el8.x86_64'],
    ['### Linux/arm64 6.1.10 Kernel Configuration', 'arm64', '6.1.10'],
    ['# Linux/arm 4.1.15 - MIB Kernel Configuration', 'arm', '4.1.15 - MIB'],
    ['# Linux/x86 6.1.54 Kernel Configuration  \r', 'x86', '6.1.54'],
    ['# Linux kernel version: 2.6.32', undefined, '2.6.32'],
    ['# Linux/x86 $(id) Kernel Configuration', undefined, undefined],
    ['# Linux/x86 6.1.54 Kernel Configuration, or so', undefined, undefined],
    ['# Video4Linux options', undefined, undefined],
    ['', undefined, undefined],
  ])('the header "%s" gives the architecture %s and the version %s', (header, arch, version) => {
    const config = parseKconfig(`${header}\nCONFIG_A=y`)
    expect([config.headerArch, config.headerVersion]).toEqual([arch, version])
  })

  test.each([
    ['# Compiler: gcc (Debian 8.3.0-6) 8.3.0', 'gcc (Debian 8.3.0-6) 8.3.0'],
    ['# Compiler: gcc (scripts/dummy-tools/gcc)  ', 'gcc (scripts/dummy-tools/gcc)'],
    [`# Compiler: ${'x'.repeat(513)}`, undefined],
    ['# Compiler: gcc\u00e9', undefined],
    ['# Compiler: ', undefined],
    ['# Compiler options', undefined],
  ])('the comment "%s" gives the compiler %s', (comment, compiler) => {
    expect(parseKconfig(`${comment}\nCONFIG_A=y`).compilerComment).toBe(compiler)
  })

  test('a config that turns no option off is partial: an absent option may be on', () => {
    const stub = ['# Stub!', 'CONFIG_A=y', 'CONFIG_B=m', 'CONFIG_C="x"'].join('\n')
    expect(parseKconfig(stub).whole).toBe(false)
    expect(parseKconfig(`${stub}\n# CONFIG_D is not set`).whole).toBe(true)
    expect(parseKconfig(`${stub}\nCONFIG_D=n`).whole).toBe(true)
  })

  test('the last of several values counts, at its place', () => {
    const { options } = parseKconfig('CONFIG_SCSI=y\nCONFIG_B=y\nCONFIG_SCSI=m\n')
    expect([...options.keys()]).toEqual(['B', 'SCSI'])
    expect(options.get('SCSI')).toEqual({ tag: 'switch', value: 'm' })
  })

  test('an option with two different values is reported at its first value', () => {
    expect(ignoredIn('CONFIG_A=y\nCONFIG_B=y\nCONFIG_A=m\nCONFIG_B=y')).toEqual([
      '2: line 4 says otherwise, and counts',
    ])
  })

  test.each([
    ['${HOME}-x', '${HOME}-x'],
    ['$(id)', '$(id)'],
    ['a `b` c', 'a `b` c'],
    ['a\\"b\\\\', 'a"b\\'],
    ['a\\nb', 'anb'],
    ['console=ttyS0,115200 $x @y #z', 'console=ttyS0,115200 $x @y #z'],
    ['caf\xc3\xa9', 'caf\xc3\xa9'],
    ['a\tb', 'a\tb'],
    ['', ''],
    ['x'.repeat(5000), 'x'.repeat(5000)],
  ])('the string "%s" is read unchanged', (written, text) => {
    expect(readAs(`CONFIG_A="${written}"`, 'A')).toEqual({ tag: 'string', text })
    expect(ignoredIn(`CONFIG_A="${written}"`)).toEqual([])
  })

  test.each([
    ['-1', 'number', '-1'],
    ['2147483648', 'number', '2147483648'],
    ['0xdeadBEEF', 'hex', '0xdeadBEEF'],
    ['0XFF', 'hex', '0XFF'],
    ['64 \t', 'number', '64'],
  ] as const)('%s is a %s', (written, tag, digits) => {
    expect(readAs(`CONFIG_A=${written}`, 'A')).toEqual({ tag, digits })
  })

  test.each([
    ['CONFIG_A=m # text', 'm', ['2: the text after "m"']],
    ['CONFIG_A=y;id', 'y', ['2: the text after "y"']],
    ['# CONFIG_A is not set # text', 'n', ['2: the text after "is not set"']],
    ['#\tCONFIG_A is not set', 'n', []],
    ['# CONFIG_A is not set  ', 'n', []],
    ['CONFIG_A=y\t ', 'y', []],
    ['CONFIG_A=n', 'n', []],
  ])('%j sets %s, as in Kconfig, and the parser reports ignored text', (line, value, ignored) => {
    expect(readAs(line, 'A')).toEqual({ tag: 'switch', value })
    expect(ignoredIn(line)).toEqual(ignored)
  })

  test.each([
    ['#CONFIG_A is not set', /takes it for a comment/],
    ['# CONFIG_A  is not set', /takes it for a comment/],
    ['#  CONFIG_A is not set', /takes it for a comment/],
    ['CONFIG_A', /names an option without a value/],
    ['CONFIG_A=', /has no value/],
    ['CONFIG_A=Y', /no option has such a value/],
    ['CONFIG_A=0777', /no option has such a value/],
    ['CONFIG_A="x', /its quotes do not end/],
    ['CONFIG_A="x\\"', /its quotes do not end/],
    ['NFIG_A=y', /neither an option nor a comment/],
    [' CONFIG_A=y', /neither an option nor a comment/],
    ['is not set', /neither an option nor a comment/],
    ['```', /neither an option nor a comment/],
  ])('%s sets nothing, as in Kconfig, and the parser reports why', (line, why) => {
    expect(readAs(line, 'A')).toBeUndefined()
    expect(ignoredIn(line)).toEqual([expect.stringMatching(why)])
  })

  test.each([
    '# CONFIG_SYSTEM_TRUSTED_KEYS="certs/rhel.pem"',
    '# caf\xc3\xa9',
    '#',
    '',
    ' \t',
    '# CONFIG_A=y',
  ])('%j is an ordinary comment', (line) => {
    expect(parseKconfig(`CONFIG_B=y\n${line}`)).toMatchObject({ ignored: [], ignoredLines: 0 })
  })

  test('a byte order mark, CRLF line ends or a missing last line end change nothing', () => {
    const plain = '# Linux/x86 6.1.54 Kernel Configuration\nCONFIG_A=y\n# CONFIG_B is not set\n'
    for (const text of [
      `\xef\xbb\xbf${plain}`,
      `\ufeff${plain}`,
      plain.replaceAll('\n', '\r\n'),
      plain.trimEnd(),
    ])
      expect(parseKconfig(text)).toEqual(parseKconfig(plain))
  })

  test('ignored lines are all counted; the first hundred are listed, in short', () => {
    const lines = Array.from({ length: 150 }, (_, n) => `CONFIG_X${n}=y # ${'é'.repeat(200)}`)
    const { ignored, ignoredLines, options } = parseKconfig(lines.join('\n'))
    expect([ignored.length, ignoredLines, options.size]).toEqual([100, 150, 150])
    expect(ignored[0]).toEqual({
      line: 1,
      text: `CONFIG_X0=y # ${'?'.repeat(66)}`,
      why: 'the text after "y"',
    })
  })

  test('another kind of file is refused, though some of its lines are options', () => {
    const makefile = `CONFIG_A=y\n${'obj-y += a.o\n'.repeat(30)}`
    expect(refusal(makefile)).toContain('30 of its lines are not of a config: line 2 is "obj-y += a.o"')
    expect(refusal(`${configText('debian_6.1.0-56-amd64')}${'x\n'.repeat(101)}`)).toContain(
      '101 of its lines',
    )
    expect(refusal('<html>\n')).toContain('it sets no option: line 1 is "<html>"')
  })

  test('a refusal names the line and its fault', () => {
    expect(refusal('CONFIG_A=y\n# a\0b')).toContain('line 2 has a NUL, which only binary files')
  })

  test('an empty text, only comments, or more than 4 MB of text are refused', () => {
    expect(refusal('')).toContain('it sets no option')
    expect(refusal('# hello\n')).toContain('it sets no option')
    expect(refusal('#\n'.repeat(2 * 1024 * 1024 + 1))).toContain('more than 4194304 bytes')
  })
})

describe('a hostile config', () => {
  const base = configText('talos_6.1.54-talos_1_v1.5.3')

  test('has at least 30 forms with different names', () => {
    expect(new Set(forms.map(({ name }) => name)).size).toBe(forms.length)
    expect(forms.length).toBeGreaterThanOrEqual(30)
  })

  test.each(forms.filter(({ fate }) => fate === 'refused'))('is refused for $name', ({ lines }) => {
    for (const text of [lines, `${base}${lines}\n`, `${lines}\n${base}`]) {
      const message = refusal(text)
      expect(message).toMatch(/^config: this is not a kernel config: [\x20-\x7e]{1,400}$/)
    }
  })

  const built = (lines: string) => {
    const { config, neutralized } = neutralize(parseKconfig(`${base}${lines}\n`))
    const printed = printKconfig(config)
    expect(printed).not.toContain(CANARY)
    expect(printed).not.toMatch(/[/;|$`\\]|\.\.|-f/)
    expect(printed).toMatch(/^[\n\x20-\x7e]+$/)
    return { config, neutralized: neutralized.map((taken) => taken.option) }
  }

  test.each(forms.filter(({ fate }) => fate === 'ignored'))('is read without $name', ({ lines }) => {
    const { config } = built(lines)
    expect(config.ignored.length).toBeGreaterThan(0)
    for (const { text, why } of config.ignored) expect(text + why).toMatch(/^[\x20-\x7e]{1,200}$/)
  })

  test.each(forms.filter(({ fate }) => fate === 'read'))('is read up to $name', ({ lines }) => {
    const name = /CONFIG_(\w+)/.exec(lines)![1]!
    expect(built(lines).config.options.get(name)?.tag).toBe('switch')
  })

  test.each(forms.filter(({ fate }) => fate === 'disarmed'))('is sanitized of $name', ({ lines }) => {
    expect(built(lines).neutralized).toContain(/^CONFIG_(\w+)/.exec(lines)![1]!)
  })
})

describe('a printed config', () => {
  test.each(NAMES)('of %s has the values that the host sent, and prints the same again', (name) => {
    const config = realConfig(name)
    const printed = printKconfig(config)
    expect(said(parseKconfig(printed))).toEqual(said(config))
    expect(printKconfig(parseKconfig(printed))).toBe(printed)
  })

  test.each(FIELD_CONFIGS)('of $name has every value that the host sent', ({ name }) => {
    const config = fieldConfig(name)
    expect(config).toMatchObject({ whole: true, ignored: [], ignoredLines: 0 })
    expect(config.headerVersion).toBeDefined()
    expect(said(parseKconfig(printKconfig(config)))).toEqual(said(config))
    const lines = fieldText(name).match(/^(?:CONFIG_\w+=|# CONFIG_\w+ is not set$)/gm)!
    expect(config.options.size).toBe(lines.length)
  })

  test('is the same for other comments, line ends and ways to turn an option off', () => {
    const one = parseKconfig('\r\nCONFIG_A=n\r\nCONFIG_B="x"\r\n')
    const other = parseKconfig('# mine\n# CONFIG_A is not set\nCONFIG_B="x"')
    expect(printKconfig(one)).toBe('# CONFIG_A is not set\nCONFIG_B="x"\n')
    expect(printKconfig(other)).toBe(printKconfig(one))
  })

  test('keeps the order, which decides choices', () => {
    const [one, other] = ['CONFIG_A=y\nCONFIG_B=y', 'CONFIG_B=y\nCONFIG_A=y'].map(parseKconfig)
    expect(printKconfig(one!)).not.toBe(printKconfig(other!))
  })
})

const name = fc.stringMatching(/^[A-Za-z0-9_]{1,20}$/)
const line = fc.oneof(
  fc.tuple(name, fc.constantFrom('y', 'm', 'n')).map(([n, v]) => `CONFIG_${n}=${v}`),
  fc.tuple(name, fc.integer()).map(([n, v]) => `CONFIG_${n}=${v}`),
  fc.tuple(name, fc.stringMatching(/^0x[0-9A-Fa-f]{1,16}$/)).map(([n, v]) => `CONFIG_${n}=${v}`),
  fc
    .tuple(name, fc.stringMatching(/^([ !#%-[\]-_a-~]|\\"|\\\\){0,40}$/))
    .map(([n, v]) => `CONFIG_${n}="${v}"`),
  name.map((n) => `# CONFIG_${n} is not set`),
  fc.stringMatching(/^#[ -~]{0,20}$/).filter((text) => !text.includes(' is not set')),
  fc.constant(''),
)
const accepted = fc
  .tuple(fc.array(line, { maxLength: 40 }), fc.constantFrom('\n', '\r\n'))
  .map(([lines, end]) => ['CONFIG_FIRST=y', ...lines].join(end))

/** Pieces of configs, badly put together: far more often nearly valid than random text is. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom('CONFIG_', '=', '"', '\\', '\n', '\r', '# ', ' is not set', 'y', '0x', '$', '`', '\t'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(''))

describe('for random texts,', () => {
  test('an accepted text has the same meaning after printing', () => {
    fc.assert(
      fc.property(accepted, (text) => {
        const config = parseKconfig(text)
        expect(said(parseKconfig(printKconfig(config)))).toEqual(said(config))
      }),
    )
  })

  test('a text is refused, or prints to a config with the same meaning', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' })), (text) => {
        if (refusal(text) !== '') return
        const config = parseKconfig(text)
        const again = parseKconfig(printKconfig(config))
        expect(said(again)).toEqual(said(config))
        expect(again.ignoredLines).toBe(0)
      }),
      { numRuns: 1000 },
    )
  })

  test('a build gets no text that make or a shell expands', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearly,
          fc.string({ unit: 'binary', maxLength: 30 }).map((inner) => `CONFIG_A="${inner}"`),
        ),
        (text) => {
          if (refusal(text) !== '') return
          const printed = printKconfig(neutralize(parseKconfig(text)).config)
          expect(printed).not.toMatch(/[$`;|\\]/)
          expect(printed).toMatch(/^[\n\x20-\x7e]+$/)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['quotes', '"'],
    ['backslashes', '\\'],
    ['carriage returns', '\r'],
    ['line ends', '\n'],
    ['comments', '#\n'],
    ['unset options', '# CONFIG_A is not set\n'],
    ['options', 'CONFIG_A="\\\\"\n'],
    ['almost unset options', '# CONFIG_ is not'],
    ['blanks', ' '],
    ['tabs after a number', 'CONFIG_A=1\t\t\t\t\t\t\t\t'],
    ['headers', '# Linux/x86 6.1'],
    ['compilers', '# Compiler: gcc '],
    ['empty strings', 'CONFIG_A=""'],
  ])('4 MB of %s take less than a second', (_, piece) => {
    const many = piece.repeat(Math.floor((4 * 1024 * 1024 - 10) / piece.length))
    for (const text of [many, `CONFIG_A=1${many}`, `# Linux/x ${many}`, `CONFIG_A="${many}`]) {
      const start = performance.now()
      refusal(text)
      expect(performance.now() - start).toBeLessThan(1000)
    }
  })
})
