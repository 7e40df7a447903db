import { mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'vitest'
import { synthesizeFirewall } from '../../cdk/firewall.ts'
import { CANARY_PROBE } from '../support/cdk/canary.ts'
import { behindEdge, CERTIFICATE, WEB_ACL } from '../support/cdk/edge.ts'
import { synthesis } from '../support/cdk/template.ts'

const K = 'arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'
const K2 = 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'
const C = 'arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9'
const rich = {
  cloud: {
    edge: {
      webAcl: WEB_ACL,
      certificate: CERTIFICATE,
      names: ['a.example.org', 'b.example.org'],
      distribution: 'E123ABCDEF4567',
      secret: 2,
    },
    canary: { probe: CANARY_PROBE },
    alarmMails: ['a@example.org'],
    deployment: {
      region: 'eu-central-1',
      account: '123456789012',
      tags: { team: 'x' },
      permissionsBoundary: 'team/B',
      secretKeyArn: K,
      secretReplicas: [{ region: 'eu-west-1', keyArn: K2 }],
      domain: { name: 'p.example.org', certificateArn: C },
      rollout: 'linear-10-percent-every-1-minute',
    },
  },
}
const rich2 = {
  cloud: {
    deployment: {
      permissionsBoundary: 'arn:aws:iam::123456789012:policy/x',
      secretReplicas: [{ region: 'eu-west-1' }],
      rollout: 'all-at-once',
    },
  },
}
test('same', () => {
  const out = process.env.F_OUT!
  mkdirSync(out, { recursive: true })
  const all: [string, unknown, boolean][] = [
    ['default', undefined, false],
    ['local', rich2, true],
    ['edge', behindEdge(), true],
    ['rich', rich, false],
    ['rich2', rich2, true],
  ]
  for (const [name, settings, local] of all) {
    const { text, assets, stack, dataStack } = synthesis(settings, local)
    writeFileSync(`${out}/${name}`, text + assets + JSON.stringify([stack, dataStack], null, 1))
  }
  writeFileSync(`${out}/settings.json`, JSON.stringify(rich))
  synthesizeFirewall({ outdir: `${out}/fw`, settingsFile: `${out}/settings.json` })
}, 600_000)
