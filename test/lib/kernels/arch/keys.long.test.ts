// Compares the keys of this project with the trusted keys of Arch's current keyring, as gpg computes them.

import { expect, test } from 'vitest'
import { ARCH_KEYRING, ARCH_KEYS } from '../../../../lib/archives/keys/arch.ts'
import { publicKeys } from '../../../../lib/formats/openpgp/armor.ts'
import { archCertificates } from '../../../../lib/kernels/arch/keys.ts'
import { tell } from '../../../support/builds/apt.ts'
import { archKeyring, type Keyring } from '../../../support/pacman/keyring.ts'

const own = archCertificates('x86_64', []).map(({ fingerprint }) => fingerprint)

/** The keyring from which the keys were taken, of the first suite that has it. */
function sameKeyring(): Keyring | undefined {
  for (const suite of ['sid', 'forky', 'trixie']) {
    try {
      const keyring = archKeyring(suite)
      if (keyring.version === ARCH_KEYRING) return keyring
      tell(
        `${suite} has archlinux-keyring ${keyring.version}, and these keys are of ${ARCH_KEYRING}: renew lib/archives/keys/arch.ts; ` +
          `new are ${keyring.packagers.filter((one) => !own.includes(one)).join(', ') || 'none'}, ` +
          `gone are ${own.filter((one) => !keyring.packagers.includes(one)).join(', ') || 'none'}`,
      )
    } catch (error) {
      tell(`archlinux-keyring of ${suite} is not to be had: ${error}`)
    }
  }
  return undefined
}

test('packagers are believed for whom three master keys vouch, none that are revoked, and no others', (context) => {
  const keyring = sameKeyring()
  if (keyring === undefined) {
    tell(`whom ${ARCH_KEYRING} believes is not computed again: no suite has it any more`)
    context.skip()
    return
  }
  expect([...own].sort()).toEqual(keyring.packagers)
  expect(own.filter((one) => keyring.revoked.includes(one))).toEqual([])
  expect(ARCH_KEYS).toBe(publicKeys(keyring.keys))
})
