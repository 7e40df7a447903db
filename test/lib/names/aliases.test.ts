import { describe, expect, test } from 'vitest'
import { checkDebian } from '../../../lib/kernels/debian/names.ts'
import { keyOf, parseProbe } from '../../../lib/names/grammar.ts'

const keyOfFile = (file: string) => keyOf(parseProbe(`/driver/9.1.0%2Bdriver/x86_64/${file}`).probe)

describe('aliases', () => {
  test.each([
    ['falco_rhel_4.18.0-553.el8_10.x86_64_1.ko', 'falco_redhat_4.18.0-553.el8_10.x86_64_1.ko'],
    ['falco_rhcos_4.18.0-553.el8_10.x86_64_1.ko', 'falco_redhat_4.18.0-553.el8_10.x86_64_1.ko'],
    ['falco_opensuse-leap_6.4.0-150600.21-default_1.ko', 'falco_opensuse_6.4.0-150600.21-default_1.ko'],
    ['falco_opensuse-tumbleweed_6.10.5-1-default_1.ko', 'falco_opensuse_6.10.5-1-default_1.ko'],
    ['falco_amzn_4.14.101-91.76.amzn2.x86_64_1.ko', 'falco_amazonlinux2_4.14.101-91.76.amzn2.x86_64_1.ko'],
    ['falco_amzn_4.14.101-75.76.amzn1.x86_64_1.ko', 'falco_amazonlinux_4.14.101-75.76.amzn1.x86_64_1.ko'],
    [
      'falco_amazonlinux_6.1.10-15.42.amzn2023.x86_64_1.ko',
      'falco_amazonlinux2023_6.1.10-15.42.amzn2023.x86_64_1.ko',
    ],
    ['falco_ubuntu_5.4.0-26-generic_30.ko', 'falco_ubuntu-generic_5.4.0-26-generic_30.ko'],
    ['falco_ubuntu-generic_5.4.0-1049-gke_52.ko', 'falco_ubuntu-gke_5.4.0-1049-gke_52.ko'],
    ['falco_ubuntu-aws-5.0_5.0.0-1028-aws-5.0_31.ko', 'falco_ubuntu-aws_5.0.0-1028-aws-5.0_31.ko'],
    [
      'falco_ubuntu-intel-iotg_5.15.0-1030-intel-iotg_35.ko',
      'falco_ubuntu-intel_5.15.0-1030-intel-iotg_35.ko',
    ],
    [
      'falco_ubuntu-aws_5.15.0-1026-aws_30~20.04.2-Ubuntu.ko',
      'falco_ubuntu-aws_5.15.0-1026-aws_30~20.04.2.ko',
    ],
    ['falco_linuxmint_5.15.0-26-generic_26~20.04.1-Ubuntu.ko', 'falco_linuxmint_5.15.0-26-generic_26.ko'],
    ['falco_photon_6.1.10-11.ph5_1-photon.ko', 'falco_photon_6.1.10-11.ph5_1.ko'],
    ['falco_debian_6.1.192-2-amd64_12.ko', 'falco_debian_6.1.192-2-amd64_1.ko'],
    ['falco_debian_6.1.192-2-amd64_2-Debian.ko', 'falco_debian_6.1.192-2-amd64_1.ko'],
    ['falco_raspbian_6.1.21-v8+_1642.ko', 'falco_debian_6.1.21-v8+_1.ko'],
  ])('%s means %s', (file, canonical) => {
    expect(keyOfFile(file)).toBe(`driver/9.1.0+driver/x86_64/${canonical}`)
  })

  test.each([
    ['amzn without a telling release', 'falco_amzn_5.10.0-custom_1.ko'],
    ["Ubuntu's number alone", 'falco_ubuntu-aws_5.15.0-1026-aws_30.ko'],
    ["Ubuntu's number and series", 'falco_ubuntu-aws_5.15.0-1026-aws_30~20.04.2.ko'],
    ['a build for confidential machines', 'falco_ubuntu-azure_5.4.0-1063-azure_66+cvm3.ko'],
    ["a variant's version", 'falco_bottlerocket_5.10.165_1_1.13.0-aws.ko'],
    ['an unknown distribution', 'falco_alpine_6.1.55-0-lts_1.ko'],
    ['no distribution', 'falco__5.15.96-0-virt_1.ko'],
    ['a flavour that no kernel has', 'falco_ubuntu-genericop_5.4.0-1001-gkeop_1.ko'],
  ])('%s stays as it is', (_, file) => {
    expect(keyOfFile(file)).toBe(`driver/9.1.0+driver/x86_64/${file}`)
  })

  test("Debian's planner accepts any kernel version that a client has counted", () => {
    const { probe } = parseProbe('/driver/9.1.0+driver/x86_64/falco_debian_6.1.192-2-amd64_7.ko')
    expect(() => checkDebian(probe)).not.toThrow()
  })
})
