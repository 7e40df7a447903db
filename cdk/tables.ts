// Makes the DynamoDB tables: the index of probes, the budgets, and the records of sources and package repositories.

import { RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { AttributeType, BillingMode, ProjectionType, Table } from 'aws-cdk-lib/aws-dynamodb'
import {
  ENV,
  EXPIRES,
  OVERDUE_INDEX,
  OVERDUE_PARTITION,
  OVERDUE_SORT,
  RELEASE_INDEX,
  RELEASE_PARTITION,
  TABLE_KEY,
} from '../lib/aws/resources.ts'
import { POINTER_KEYS } from '../lib/model/keys.ts'
import { granting, type Permission } from './grants.ts'

export function addTables(stack: Stack, deletionProtection: boolean) {
  // The table outlives the stack, unless its creation failed.
  const table = (id: string, timeToLiveAttribute?: string) =>
    new Table(stack, id, {
      ...{ deletionProtection, timeToLiveAttribute },
      partitionKey: { name: TABLE_KEY, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    })
  const probes = table('Probes', EXPIRES)
  probes.addGlobalSecondaryIndex({
    indexName: OVERDUE_INDEX,
    partitionKey: { name: OVERDUE_PARTITION, type: AttributeType.STRING },
    sortKey: { name: OVERDUE_SORT, type: AttributeType.NUMBER },
    projectionType: ProjectionType.ALL,
  })
  probes.addGlobalSecondaryIndex({
    indexName: RELEASE_INDEX,
    partitionKey: { name: RELEASE_PARTITION, type: AttributeType.STRING },
    sortKey: { name: TABLE_KEY, type: AttributeType.STRING },
    projectionType: ProjectionType.ALL,
  })
  const budgets = table('Budgets', EXPIRES)
  const sources = table('Sources')
  return {
    tables: { probes, budgets, sources },
    probes: granting(
      { [ENV.probesTable]: probes.tableName },
      {
        read: item(probes, 'GetItem'),
        write: item(probes, 'UpdateItem'),
        list: item(probes, 'Scan'),
        'list by release': query(probes, RELEASE_INDEX),
        'list open': query(probes, OVERDUE_INDEX),
      },
    ),
    budgets: granting(
      { [ENV.budgetsTable]: budgets.tableName },
      { look: item(budgets, 'GetItem'), spend: item(budgets, 'UpdateItem') },
    ),
    sources: granting(
      { [ENV.sourcesTable]: sources.tableName },
      {
        read: item(sources, 'GetItem'),
        record: item(sources, 'PutItem'),
        'list drivers': item(sources, 'UpdateItem'),
        point: point(sources),
      },
    ),
  }
}

/**
 * Permits only items of package repositories, but not the digests that builds are checked against.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
 */
const point = (table: Table): Permission => ({
  actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
  resources: [table.tableArn],
  conditions: {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': POINTER_KEYS },
    // Otherwise a request without keys would match.
    Null: { 'dynamodb:LeadingKeys': 'false' },
  },
})

const item = (table: Table, verb: 'GetItem' | 'PutItem' | 'UpdateItem' | 'Scan'): Permission => ({
  actions: [`dynamodb:${verb}`],
  resources: [table.tableArn],
})

const query = (table: Table, index: string): Permission => ({
  actions: ['dynamodb:Query'],
  resources: [`${table.tableArn}/index/${index}`],
})
