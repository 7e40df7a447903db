import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Kconfig } from '../../../lib/kconfig/kconfig.ts'
import { neutralize } from '../../../lib/kconfig/neutralize.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import { printKconfig } from '../../../lib/kconfig/print.ts'
import { isProbeError } from '../../../lib/model/errors.ts'
import { hostileForms } from '../../support/kconfig/hostile.ts'
import { configText, NAMES, realConfig } from '../../support/kconfig/vectors.ts'

/** Maps compare without their order; here it counts. */
const said = ({ headerVersion, options }: Kconfig) => ({ headerVersion, options: [...options] })

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

describe('a config is data', () => {
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
    expect(said(parseKconfig(text))).toEqual({
      headerVersion: '6.1.54',
      options: [
        ['A', { tag: 'switch', value: 'y' }],
        ['B', { tag: 'switch', value: 'm' }],
        ['C', { tag: 'switch', value: 'n' }],
        ['d3', { tag: 'switch', value: 'n' }],
        ['8250', { tag: 'number', digits: '-5' }],
        ['HEX', { tag: 'hex', digits: '0xFFff0000' }],
        ['TEXT', { tag: 'string', text: 'a "b" \\c # d' }],
        ['NONE', { tag: 'string', text: '' }],
      ],
    })
  })

  test.each([
    ['# Linux/x86 6.1.54 Kernel Configuration', '6.1.54'],
    ['# Linux/x86_64 4.18.0-477.el8.x86_64 Kernel Configuration', '4.18.0-477.el8.x86_64'],
    ['# Linux kernel version: 2.6.32', '2.6.32'],
    ['# Linux/x86 $(id) Kernel Configuration', undefined],
    ['# Linux/x86 6.1.54 Kernel Configuration, or so', undefined],
  ])('%s is of version %s', (header, version) => {
    expect(parseKconfig(`${header}\nCONFIG_A=y`).headerVersion).toBe(version)
  })

  test('the last of several values counts, where it stands', () => {
    const { options } = parseKconfig('CONFIG_SCSI=y\nCONFIG_B=y\nCONFIG_SCSI=m\n')
    expect([...options.keys()]).toEqual(['B', 'SCSI'])
    expect(options.get('SCSI')).toEqual({ tag: 'switch', value: 'm' })
  })

  test('a refusal names the line and what is there', () => {
    expect(refusal('CONFIG_A=y\nCONFIG_LOCALVERSION="$(id)"\n')).toContain(
      String.raw`line 2 has a value that no config has: "CONFIG_LOCALVERSION=\"$(id)\""`,
    )
    expect(refusal('CONFIG_A=y\n# caf\xe9')).toContain('line 2 has character 0xe9 after: "# caf"')
  })

  test('nothing, only comments, and text of more than 4 MB are no configs', () => {
    expect(refusal('')).toContain('it sets no option')
    expect(refusal('# hello\n')).toContain('it sets no option')
    expect(refusal('#\n'.repeat(2 * 1024 * 1024 + 1))).toContain('more than 4194304 bytes')
  })
})

describe('a hostile config', () => {
  const base = configText('talos_6.1.54-talos_1_v1.5.3')

  test('has many forms, each with a name of its own', () => {
    expect(new Set(forms.map(({ name }) => name)).size).toBe(forms.length)
    expect(forms.length).toBeGreaterThanOrEqual(30)
  })

  test.each(forms.filter(({ fate }) => fate === 'refused'))('is refused for $name', ({ lines }) => {
    for (const text of [lines, `${base}${lines}\n`, `${lines}\n${base}`]) {
      const message = refusal(text)
      expect(message).toMatch(/^config: this is not a kernel config: [\x20-\x7e]{1,400}$/)
    }
  })

  test.each(forms.filter(({ fate }) => fate === 'disarmed'))('is disarmed of $name', ({ lines }) => {
    const { config, neutralized } = neutralize(parseKconfig(`${base}${lines}\n`))
    const printed = printKconfig(config)
    expect(printed).not.toContain(CANARY)
    expect(printed).not.toMatch(/[/;|$`\\]|\.\.|-f/)
    const option = /^CONFIG_(\w+)/.exec(lines)![1]!
    expect(neutralized.map((taken) => taken.option)).toContain(option)
  })
})

describe('what is printed', () => {
  test.each(NAMES)('says of %s what the host said, and prints the same again', (name) => {
    const config = realConfig(name)
    const printed = printKconfig(config)
    expect(said(parseKconfig(printed))).toEqual(said(config))
    expect(printKconfig(parseKconfig(printed))).toBe(printed)
  })

  test('is one text whatever the comments, line ends and ways to say no', () => {
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

/** Pieces of configs, badly put together: far more often nearly right than random text is. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom('CONFIG_', '=', '"', '\\', '\n', '\r', '# ', ' is not set', 'y', '0x', '$', '`', '\t'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(''))

describe('whatever the text', () => {
  test('what is accepted means the same once printed', () => {
    fc.assert(
      fc.property(accepted, (text) => {
        const config = parseKconfig(text)
        expect(said(parseKconfig(printKconfig(config)))).toEqual(said(config))
      }),
    )
  })

  test('it is a config or a bad one, and only printable ASCII comes out', () => {
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string({ unit: 'binary' })), (text) => {
        if (refusal(text) === '') expect(printKconfig(parseKconfig(text))).toMatch(/^[\n\x20-\x7e]+$/)
      }),
      { numRuns: 1000 },
    )
  })

  test('no string that is accepted holds what make or a shell expands', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (inner) => {
        const text = `CONFIG_A="${inner}"`
        if (refusal(text) === '') expect(printKconfig(parseKconfig(text))).not.toMatch(/[$`]/)
      }),
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
  ])('4 MB of %s take less than a second', (_, piece) => {
    const text = piece.repeat(Math.floor((4 * 1024 * 1024) / piece.length))
    const start = performance.now()
    refusal(text)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
