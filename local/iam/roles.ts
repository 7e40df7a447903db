// Creates the template's roles: each with session credentials that change at every start, and with IAM's decisions.

import { randomBytes } from 'node:crypto'
import type { Resource, Template } from '../template/template.ts'
import { list, object, string, strings } from '../wire/json.ts'
import type { Clock, Principal, Principals, Sender } from '../wire/types.ts'
import { type AccessRequest, type Context, decide, parsePolicy, type Statement } from './policy.ts'

export interface Roles {
  /** by access key, to verify signatures; an ended session stays known for ENDED_MS, so that the error can name it */
  readonly principals: Principals
  /**
   * Returns a session of a role, which must trust `service` (e.g. `lambda.amazonaws.com`). `lifeMs`: each call makes a new
   * session that ends after this time. Without it, every call returns the same session, which does not end.
   */
  assume(roleArn: string, service: string, lifeMs?: number): Principal
  /** A service of AWS, e.g. `events.amazonaws.com`, that acts for that resource. Only resource policies decide. */
  service(name: string, sourceArn: string): Sender
}

const MAX_REMEMBERED = 10_000
/** Longer than any presigned URL of such a session is valid. */
const ENDED_MS = 24 * 60 * 60 * 1000

export function createRoles(template: Template, now: Clock): Roles {
  const shared = [
    ...statementsOf(template.ofType('AWS::S3::BucketPolicy'), 'resource'),
    ...statementsOf(template.ofType('AWS::SQS::QueuePolicy'), 'resource'),
    ...secretStatements(template),
  ]
  const roles = template.ofType('AWS::IAM::Role').map((role) => {
    const statements = [...roleStatements(role, template), ...shared]
    return {
      arn: role.arn!,
      trust: parsePolicy(role.properties.AssumeRolePolicyDocument, `${role.logicalId}: trust`, 'trust'),
      principal: createPrincipal({ name: role.logicalId, arn: role.arn! }, statements),
    }
  })
  const byKey = new Map(roles.map(({ principal }) => [principal.accessKeyId, principal]))
  const sessionOf = (principal: Principal, lifeMs: number): Principal => {
    for (const [key, { endsAt = now() }] of byKey) if (endsAt < now() - ENDED_MS) byKey.delete(key)
    const session = { ...principal, ...credentials(), endsAt: now() + lifeMs }
    byKey.set(session.accessKeyId, session)
    return session
  }
  return {
    principals: (accessKeyId) => byKey.get(accessKeyId),
    assume: (roleArn, service, lifeMs = Number.POSITIVE_INFINITY) => {
      const role = roles.find(({ arn }) => arn === roleArn)
      if (role === undefined) throw new Error(`role ${roleArn} is not in the template`)
      const request = { action: 'sts:AssumeRole', resource: roleArn, context: {}, principal: service }
      if (!decide(role.trust, request)) throw new Error(`${roleArn} does not trust ${service}`)
      return Number.isFinite(lifeMs) ? sessionOf(role.principal, lifeMs) : role.principal
    },
    service: (name, sourceArn) => {
      const context = { ...COMMON, 'aws:sourcearn': sourceArn }
      return {
        name,
        may: (action, resource) => decide(shared, { action, resource, context, principal: name }),
      }
    },
  }
}

function roleStatements(role: Resource, template: Template): Statement[] {
  const inline = list(role.properties.Policies ?? [], role.logicalId).flatMap((policy) =>
    parsePolicy(object(policy, role.logicalId).PolicyDocument, role.logicalId, 'identity'),
  )
  const attached = template
    .ofType('AWS::IAM::Policy')
    .filter((policy) => strings(policy.properties.Roles, policy.logicalId).includes(role.name))
  return [...inline, ...statementsOf(attached, 'identity')]
}

const statementsOf = (policies: readonly Resource[], kind: 'identity' | 'resource'): Statement[] =>
  policies.flatMap(({ properties, logicalId }) => parsePolicy(properties.PolicyDocument, logicalId, kind))

/** Such a policy applies to its own secret only, whatever its Resource says. */
const secretStatements = (template: Template): Statement[] =>
  template.ofType('AWS::SecretsManager::ResourcePolicy').flatMap(({ properties, logicalId }) => {
    const secret = string(properties.SecretId, logicalId)
    return parsePolicy(properties.ResourcePolicy, logicalId, 'resource').map((statement) => ({
      ...statement,
      applies: (request: AccessRequest) => request.resource === secret && statement.applies(request),
    }))
  })

/** Creates a principal with new credentials. */
export function createPrincipal(
  { name, arn }: { readonly name: string; readonly arn: string },
  statements: readonly Statement[],
): Principal {
  const common: Context = lowerCased({ ...COMMON, 'aws:PrincipalArn': arn })
  const ask = (action: string, resource: string, context: Context): boolean =>
    decide(statements, { action, resource, context, principal: arn })
  const remembered = remember((action, resource) => ask(action, resource, common))
  const decisive = new Set(statements.flatMap(({ keys }) => keys))
  const decides = (context: Context) => Object.keys(context).some((key) => decisive.has(key.toLowerCase()))
  return {
    name,
    ...credentials(),
    may: (action, resource, context) =>
      context === undefined || !decides(context)
        ? remembered(action, resource)
        : ask(action, resource, { ...common, ...lowerCased(context) }),
  }
}

/** Context keys that every request has. Connections here use loopback, which counts as TLS. */
const COMMON: Context = { 'aws:securetransport': 'true', 's3:tlsversion': '1.3' }

/** Condition keys are compared without case. */
const lowerCased = (context: Context): Context =>
  Object.fromEntries(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]))

/** Caches decisions: hits repeat the same question a thousand times a second. */
function remember(ask: (action: string, resource: string) => boolean): typeof ask {
  const answers = new Map<string, boolean>()
  return (action, resource) => {
    const key = `${action} ${resource}`
    const known = answers.get(key)
    if (known !== undefined) return known
    if (answers.size >= MAX_REMEMBERED) answers.clear()
    const answer = ask(action, resource)
    answers.set(key, answer)
    return answer
  }
}

/** The token has the length and the alphabet of AWS's tokens, so that presigned URLs are as long as in AWS. */
const credentials = (): Pick<Principal, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'> => ({
  accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
  sessionToken: randomBytes(900).toString('base64'),
})
