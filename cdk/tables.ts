// Makes the DynamoDB tables: the index of probes, the budgets, and the records of sources and package repositories.

import { RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { AttributeType, BillingMode, ProjectionType, Table, type TableProps } from 'aws-cdk-lib/aws-dynamodb'
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
  const table = (id: string, timeToLiveAttribute?: string) =>
    tableIn(stack, id, {
      deletionProtection,
      ...(timeToLiveAttribute === undefined ? {} : { timeToLiveAttribute }),
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
        'list by release': {
          actions: ['dynamodb:Query'],
          resources: [`${probes.tableArn}/index/${RELEASE_INDEX}`],
        },
        'list open': {
          actions: ['dynamodb:Query'],
          resources: [`${probes.tableArn}/index/${OVERDUE_INDEX}`],
        },
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

/** The table outlives the stack, unless its creation failed. */
const tableIn = (
  stack: Stack,
  id: string,
  own: Pick<TableProps, 'deletionProtection' | 'timeToLiveAttribute'>,
): Table =>
  new Table(stack, id, {
    partitionKey: { name: TABLE_KEY, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ...own,
  })

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
