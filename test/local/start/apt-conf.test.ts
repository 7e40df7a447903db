import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { aptConf, saysNo } from '../../../local/start/apt-conf.ts'
import { temporaryFolder } from '../../support/local/assembly.ts'

const NAME = 'Acquire::Check-Valid-Until'

function etcWith(files: Readonly<Record<string, string>>): string {
  const etc = temporaryFolder()
  mkdirSync(join(etc, 'apt.conf.d'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(etc, name), text)
  return etc
}

const TEXTS = [
  'Acquire::Check-Valid-Until "false";',
  'Acquire::Check-Valid-Until false;',
  'acquire::check-valid-until "No";',
  'Acquire { Check-Valid-Until "off"; };',
  'Acquire\n{\n  http { Proxy "http://127.0.0.1:3128"; }; // not "false";\n  Check-Valid-Until "0";\n};\n',
  'Acquire::Check-Valid-Until "true";',
  'Acquire::Check-Valid-Until "false"; Acquire::Check-Valid-Until "true";',
  '# Acquire::Check-Valid-Until "false";\n',
  '/* Acquire::Check-Valid-Until "false"; */',
  '// Acquire::Check-Valid-Until "false";\n',
  'Acquire::Retries "3"; DPkg::Post-Invoke { "rm -f /x || true"; "echo \'false\';"; };',
  'Other { Acquire { Check-Valid-Until "false"; }; };',
  '',
]

describe('the configuration of apt', () => {
  const apt = spawnSync('apt-config', ['--version']).status === 0
  if (!apt) console.log('there is no apt-config here: what it would say is not compared')

  test.each(TEXTS)('%j is read in the same way as by apt', (text) => {
    const ours = saysNo(aptConf(etcWith({ 'apt.conf': text })), NAME)
    if (!apt) return
    // apt-config reads this file first, and then the machine's own configuration in the folder that this file names.
    const file = join(temporaryFolder(), 'apt.conf')
    writeFileSync(file, `Dir::Etc "/nowhere/";\n${text}`)
    const { stdout } = spawnSync('apt-config', ['shell', 'CHECK', `${NAME}/b`], {
      env: { ...process.env, APT_CONFIG: file },
      encoding: 'utf8',
    })
    expect(ours).toBe(/^CHECK='false'$/m.test(stdout))
  })

  test('is empty on a host without apt', () => {
    expect(aptConf(join(temporaryFolder(), 'none')).size).toBe(0)
  })

  test('takes apt.conf before its parts, and ignores parts with a name that apt ignores', () => {
    const part = { 'apt.conf.d/50own': `${NAME} "false";`, 'apt.conf.d/99.bak': `${NAME} "true";` }
    expect(saysNo(aptConf(etcWith(part)), NAME)).toBe(true)
    expect(saysNo(aptConf(etcWith({ ...part, 'apt.conf': `${NAME} "true";` })), NAME)).toBe(false)
  })
})
