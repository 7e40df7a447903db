import { describe, expect, test } from 'vitest'
import { neutralize } from '../../../lib/kconfig/neutralize.ts'
import { parseKconfig } from '../../../lib/kconfig/parse.ts'
import { printKconfig } from '../../../lib/kconfig/print.ts'
import { FIELD_CONFIGS, fieldConfig, NAMES, realConfig } from '../../support/kconfig/vectors.ts'

const disarm = (text: string) => neutralize(parseKconfig(text))

describe('a sanitized config', () => {
  const all = [
    ...NAMES.map((name) => [name, () => realConfig(name)] as const),
    ...FIELD_CONFIGS.map(({ name }) => [name, () => fieldConfig(name)] as const),
  ]

  test.each(all)('%s keeps every switch and number, and its strings are plain words', (_, read) => {
    const config = read()
    const { config: disarmed } = neutralize(config)
    for (const [option, value] of config.options) {
      if (option === 'LOCALVERSION_AUTO') continue
      if (value.tag !== 'string') expect(disarmed.options.get(option)).toEqual(value)
    }
    const strings = [...disarmed.options.values()].flatMap((value) =>
      value.tag === 'string' ? value.text : [],
    )
    for (const text of strings) expect(text).toMatch(/^([a-z0-9][a-z0-9_,-]*)?$/)
  })

  test('of Debian loses only strings that name a file or a tool, or that no build needs', () => {
    const { neutralized } = neutralize(realConfig('debian_6.1.0-56-amd64'))
    expect(neutralized).toContainEqual({ option: 'MODPROBE_PATH', was: '/sbin/modprobe', now: '' })
    expect(neutralized.map(({ option }) => option)).toEqual([
      'CC_VERSION_TEXT',
      'DEFAULT_HOSTNAME',
      'CC_IMPLICIT_FALLTHROUGH',
      'OUTPUT_FORMAT',
      'MODULE_SIG_HASH',
      'MODPROBE_PATH',
      'NFS_V4_1_IMPLEMENTATION_ID_DOMAIN',
      'SECURITY_TOMOYO_POLICY_LOADER',
      'SECURITY_TOMOYO_ACTIVATION_TRIGGER',
      'CRYPTO_FIPS_NAME',
    ])
  })

  test('leaves the release to the server', () => {
    for (const text of ['CONFIG_A=y', 'CONFIG_LOCALVERSION="-mine"\nCONFIG_LOCALVERSION_AUTO=y\n']) {
      const printed = printKconfig(disarm(text).config)
      expect(printed).toContain('CONFIG_LOCALVERSION=""\n# CONFIG_LOCALVERSION_AUTO is not set\n')
    }
    expect(disarm('CONFIG_LOCALVERSION="-mine"\nCONFIG_LOCALVERSION_AUTO=y').neutralized).toEqual([
      { option: 'LOCALVERSION', was: '-mine', now: '' },
      { option: 'LOCALVERSION_AUTO', was: 'y', now: 'n' },
    ])
  })

  test('does not change if it is sanitized again', () => {
    for (const name of NAMES) {
      const { config } = neutralize(realConfig(name))
      expect(neutralize(config)).toEqual({ config, neutralized: [] })
    }
  })

  test('lists a long value in short', () => {
    const [taken] = disarm(`CONFIG_CMDLINE="${'a'.repeat(4000)}"`).neutralized
    expect(taken!.was).toBe(`${'a'.repeat(77)}...`)
  })

  test.each([
    ['${HOME}/x', '${HOME}/x'],
    ['$(shell id)', '$(shell id)'],
    ['`id`', '`id`'],
    ['Gerät \\"1\\"', 'Ger?t "1"'],
  ])('has no "%s" in any string, and reports it in ASCII', (written, was) => {
    for (const option of ['DEFAULT_HOSTNAME', 'LSM', 'DEFAULT_TCP_CONG']) {
      const { config, neutralized } = disarm(`CONFIG_${option}="${written}"`)
      expect(neutralized).toEqual([{ option, was, now: '' }])
      expect(printKconfig(config)).toContain(`CONFIG_${option}=""\n`)
    }
  })

  test('keeps no comment other than its version', () => {
    const { config } = disarm('# Linux/x86 5.4.1 Kernel Configuration\n# Compiler: gcc $(id)\nCONFIG_A=y')
    expect(printKconfig(config).split('\n')[0]).toBe('# Linux 5.4.1 Kernel Configuration')
    expect(printKconfig(config)).not.toContain('Compiler')
  })

  test('is a copy: the given config does not change', () => {
    const config = parseKconfig('CONFIG_CMDLINE="quiet"')
    neutralize(config)
    expect(printKconfig(config)).toBe('CONFIG_CMDLINE="quiet"\n')
  })
})
