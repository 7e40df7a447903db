// Tests how a function reads its environment, on one machine and in the cloud.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  clientUrls,
  edge,
  internalUrls,
  required,
  settings,
  settingsOf,
} from '../../../functions/runtime/ports.ts'
import { ENV } from '../../../lib/aws/resources.ts'
import { settingsText } from '../../../lib/aws/settings-text.ts'
import { DEFAULTS, settingsSchema } from '../../../lib/kernels/settings.ts'
import { BASE_DEFAULTS } from '../../../lib/model/settings.ts'
import { WEB_ACL } from '../../support/cdk/edge.ts'

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-central-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIATEST')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  vi.stubEnv(ENV.artifactsBucket, 'artifacts')
  vi.stubEnv('AWS_ENDPOINT_URL_S3', undefined)
  vi.stubEnv('AWS_ENDPOINT_URL_S3_PUBLIC', undefined)
})
afterEach(() => vi.unstubAllEnvs())

/** As settings these are larger than the environment of a function. */
const MANY = Array.from({ length: 300 }, (_, i) => `1.0.${i}+driver`)

const placeOf = async (urls: typeof clientUrls): Promise<string> => {
  const { origin, pathname } = new URL(await urls('artifactsBucket').get('k', { expiresSeconds: 60 }))
  return origin + pathname
}

describe('a variable', () => {
  test('that is missing or empty is named in the error', () => {
    for (const value of [undefined, '']) {
      vi.stubEnv('PROBES_TABLE', value)
      expect(() => required('PROBES_TABLE')).toThrow(
        expect.objectContaining({
          code: 'misconfigured',
          message: expect.stringContaining('PROBES_TABLE'),
        }),
      )
    }
  })

  const hold = { ...BASE_DEFAULTS.hold, hopSeconds: 1 }
  const roots = { ...DEFAULTS.roots, steps: 'trixie' }
  test.each([
    ['nothing', {}, {}, {}],
    ['everything', DEFAULTS, {}, {}],
    ['a member', { hold: { hopSeconds: 1 } }, { hold }, { hold }],
    ['a list', { submitted: ['1'] }, { submitted: ['1'] }, { submitted: ['1'] }],
    ['what only some functions need', { roots: { steps: 'trixie' } }, {}, { roots }],
    ['more than fits as JSON', { revoked: MANY }, { revoked: MANY }, { revoked: MANY }],
  ])('with settings that change %s is merged with the defaults', (_, own, base, all) => {
    vi.stubEnv(ENV.settings, settingsText(own))
    expect(settings()).toEqual({ ...BASE_DEFAULTS, ...base })
    expect(settingsOf(settingsSchema, DEFAULTS)).toEqual({ ...DEFAULTS, ...all })
  })

  test.each([
    ['a member out of bounds', '{"hold":{"hopSeconds":60}}', 'hold.hopSeconds'],
    ['a section that is none', '{"hold":7}', 'hold'],
    ['a list', '[]', 'form'],
    ['no JSON', '{"hold":', 'JSON'],
    ['no compressed JSON', 'aG9sZA==', 'JSON'],
  ])('with settings that have %s is named in the error, with the wrong part', (_, text, where) => {
    vi.stubEnv(ENV.settings, text)
    expect(settings).toThrow(
      expect.objectContaining({
        code: 'misconfigured',
        message: expect.stringMatching(new RegExp(`variable ${ENV.settings} .*${where}`)),
      }),
    )
  })
})

describe('a distribution in front of the API', () => {
  const { cloud } = BASE_DEFAULTS
  const behind = { ...BASE_DEFAULTS, cloud: { ...cloud, edge: { ...cloud.edge, webAcl: WEB_ACL } } }

  test('is used only if the settings name its firewall', () => {
    expect(edge(BASE_DEFAULTS)).toBeUndefined()
    vi.stubEnv(ENV.edgeSecrets, 'arn:1,arn:2')
    expect(edge(behind)).toMatchObject({ direct: 'refused' })
  })

  test('without its secrets is an error', () => {
    vi.stubEnv(ENV.edgeSecrets, undefined)
    expect(() => edge(behind)).toThrow(expect.objectContaining({ code: 'misconfigured' }))
  })
})

describe('presigned URLs', () => {
  const CLOUD = 'https://artifacts.s3.eu-central-1.amazonaws.com/k'

  test("have the bucket's own host in the cloud", async () => {
    expect(await placeOf(clientUrls)).toBe(CLOUD)
    expect(await placeOf(internalUrls)).toBe(CLOUD)
  })

  test('have the public address of the registry for clients, and its internal address for builds', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:1/s3')
    expect(await placeOf(clientUrls)).toBe('http://127.0.0.1:1/s3/artifacts/k')
    vi.stubEnv('AWS_ENDPOINT_URL_S3_PUBLIC', 'http://10.0.2.2:8080/s3')
    expect(await placeOf(clientUrls)).toBe('http://10.0.2.2:8080/s3/artifacts/k')
    expect(await placeOf(internalUrls)).toBe('http://127.0.0.1:1/s3/artifacts/k')
  })
})
