// The DynamoDB tables: the index of probes, the budgets, and the recorded digests of sources.

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
import { granting, type Permission } from './grants.ts'

export function addTables(stack: Stack) {
  const probes = table(stack, 'Probes', EXPIRES)
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
  const budgets = table(stack, 'Budgets', EXPIRES)
  const sources = table(stack, 'Sources')
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
      },
    ),
  }
}

const table = (stack: Stack, id: string, timeToLiveAttribute?: string): Table =>
  new Table(stack, id, {
    partitionKey: { name: TABLE_KEY, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(timeToLiveAttribute === undefined ? {} : { timeToLiveAttribute }),
  })

const item = (table: Table, verb: 'GetItem' | 'PutItem' | 'UpdateItem' | 'Scan'): Permission => ({
  actions: [`dynamodb:${verb}`],
  resources: [table.tableArn],
})
