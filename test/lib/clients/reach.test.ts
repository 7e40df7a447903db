import { describe, expect, test } from 'vitest'
import { reach } from '../../../lib/clients/reach.ts'
import { parseProbe } from '../../../lib/names/grammar.ts'

function reachOf(file: string, arch = 'x86_64') {
  const { asked, layout } = parseProbe(`/driver/9.1.0+driver/${arch}/${file}`)
  return reach(asked, layout)
}

describe('the clients that ask for a name', () => {
  test.each([
    [
      'falco_debian_6.1.192-2-cloud-amd64_1.ko',
      'falco-driver-loader 0.35.1 to 0.36',
      'falcoctl 0.13 and later',
    ],
    ['falco_debian_6.1.192-2-amd64_1.ko', 'falco-driver-loader 0.35.0', 'falcoctl 0.13 and later'],
    ['falco_debian_6.1.192-2-amd64_1.o', 'falco-driver-loader 0.35.0', 'falcoctl 0.10 to 0.12'],
    ['falco_debian_6.1.192-2-amd64_3.ko', 'falco-driver-loader 0.35.0', 'falco-driver-loader 0.35.1 to 0.36'],
    // If uname -v lacks the package's version, today's clients ask for this name too.
    ['falco_debian_6.1.0-56-amd64_1.ko', 'falco-driver-loader 0.23 to 0.32', 'falcoctl 0.13 and later'],
    ['falco_ubuntu-gke_5.4.0-1049-gke_52.ko', 'falco-driver-loader 0.33', 'falcoctl 0.13 and later'],
    [
      'falco_ubuntu-generic_5.4.0-1049-gke_52.ko',
      'falco-driver-loader 0.23 to 0.32',
      'falco-driver-loader 0.23 to 0.32',
    ],
    [
      'falco_ubuntu-gke_5.15.0-1011-gke_14~20.04.1.o',
      'falco-driver-loader 0.35.1 to 0.36',
      'falcoctl 0.10 to 0.12',
    ],
    ['falco_ubuntu-azure_5.4.0-1063-azure_66+cvm3.ko', 'falcoctl 0.7.0 and 0.7.1', 'falcoctl 0.13 and later'],
    [
      'falco_ubuntu-intel-iotg_5.15.0-1030-intel-iotg_35.ko',
      'falco-driver-loader 0.33',
      'falco-driver-loader 0.35.0',
    ],
    ['falco_photon_6.1.10-11.ph5_1-photon.ko', 'falcoctl 0.7.0 and 0.7.1', 'falcoctl 0.7.0 and 0.7.1'],
    ['falco_talos_5.15.102-talos_1_v1.3.6.o', 'falco-driver-loader 0.35.0', 'falcoctl 0.10 to 0.12'],
    ['falco_flatcar_3185.0.0_1.ko', 'falco-driver-loader 0.23 to 0.32', 'falcoctl 0.13 and later'],
    // Since 0.8.0, falcoctl considers a module useless there and sends no request.
    [
      'falco_ol_5.15.0-300.163.18.el9uek.x86_64_2.ko',
      'falco-driver-loader 0.23 to 0.32',
      'falcoctl 0.7.2 and 0.7.3',
    ],
    [
      'falco_ol_5.14.0-427.13.1.el9_4.x86_64_1.ko',
      'falco-driver-loader 0.23 to 0.32',
      'falcoctl 0.13 and later',
    ],
    ['falco_cos_5.15.146+_1.ko', 'falco-driver-loader 0.23 to 0.32', 'falco-driver-loader 0.35.1 to 0.36'],
    ['falco_cos_5.15.146-x_1.ko', 'falco-driver-loader 0.23 to 0.32', 'falcoctl 0.7.2 and 0.7.3'],
    ['falco_cos_5.15.146+_1.o', 'falco-driver-loader 0.23 to 0.32', 'falcoctl 0.10 to 0.12'],
    // No falcoctl can read that release.
    [
      'falco_raspbian_6.1.21-v8+_1.ko',
      'falco-driver-loader 0.23 to 0.32',
      'falco-driver-loader 0.35.1 to 0.36',
    ],
    ['falco_centos_2.6.32-754.el6.x86_64_1.ko', 'falco-driver-loader 0.23 to 0.32', 'falcoctl 0.10 to 0.12'],
    ['falco__5.15.96-0-virt_1.ko', 'falco-driver-loader 0.23 to 0.32', 'falco-driver-loader 0.35.1 to 0.36'],
    ['scap_talos_5.15.102-talos_1_v1.3.6.o', 'scap-driver-loader 0.32 and later', 'falcoctl 0.10 to 0.12'],
  ])('%s: from %s to %s', (file, first, last) => {
    const said = reachOf(file)
    expect(said.tag === 'reachable' && [said.by[0], said.by.at(-1)]).toEqual([first, last])
  })

  test('ask for redhat as rhel and rhcos', () => {
    expect(reachOf('falco_redhat_4.18.0-553.el8_10.x86_64_1.ko')).toMatchObject({ as: ['rhel', 'rhcos'] })
  })

  test.each([
    ['falco_ubuntu-hwe_5.15.0-33-hwe_34~20.04.1.ko', 'no kernel calls itself hwe'],
    ['falco_ubuntu-genericop_5.4.0-1001-gkeop_1.ko', 'ubuntu-gkeop'],
    ['falco_ubuntu-generic_5.15.0-1011-gke_14~20.04.1.ko', 'ubuntu-gke'],
    ['falco_ubuntu-generic_3.13.0-100_147.ko', 'flavour'],
    ['falco_ubuntu-aws_5.15.0-1026-aws_x.ko', 'not x'],
    ['falco_debian_5.10.127-2~bpo10+1-amd64_1.ko', '~bpo10+1'],
    ['falco_amzn_4.14.101-91.76.amzn2.x86_64_1.ko', 'amazonlinux'],
    ['falco_amazonlinux2_4.14.101-75.76.amzn1.x86_64_1.ko', 'amazonlinux'],
    ['falco_centos_4.18.0-553.el8_10.aarch64_1.ko', 'x86_64'],
    ['falco_bottlerocket_5.10.165_1.ko', 'VARIANT_ID'],
    ['falco_vanilla_6.1.0_1.ko', 'vanilla'],
    ['falco_undetermined_6.1.54-talos_1.ko', "only this registry's own loader"],
    ['falco_CentOS_6.1.0_1.ko', 'lower case'],
  ])('do not exist for the name %s: %s', (file, why) => {
    expect(reachOf(file)).toEqual({ tag: 'unreachable', why: expect.stringContaining(why) })
  })

  test('may exist for a name in another layout only', () => {
    const { asked } = parseProbe('/driver/9.1.0+driver/falco_talos_5.15.102-talos_1_v1.3.6.o')
    expect(reach(asked).tag).toBe('reachable')
    expect(reach(asked, 'flat').tag).toBe('unreachable')
  })
})
