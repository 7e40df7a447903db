import { expect, test } from 'vitest'
import { inertIn } from '../../../local/template/inert.ts'
import { loadTemplate } from '../../../local/template/template.ts'
import { TABLE, temporaryFolder, writeAssembly } from '../../support/local/assembly.ts'

test('each type or property without an effect on one machine is listed once', async () => {
  const alarm = { Type: 'AWS::CloudWatch::Alarm', Properties: { Threshold: 1 } }
  const assembly = await writeAssembly(temporaryFolder(), {
    ...{ One: alarm, Other: alarm, Table: TABLE },
    Bucket: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        LifecycleConfiguration: { Rules: [{ Status: 'Enabled', ExpirationInDays: 1 }] },
      },
    },
  })
  expect(inertIn(loadTemplate(assembly, { publicUrl: 'http://127.0.0.1:1' }))).toEqual([
    'AWS::ApiGatewayV2::Api.Name',
    'AWS::CloudWatch::Alarm',
    'AWS::S3::Bucket.VersioningConfiguration',
  ])
})
