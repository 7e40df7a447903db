// Tests the contracts of the ports over DynamoDB, against dynalite on loopback.

import { afterAll, beforeAll, describe } from 'vitest'
import { createBudgets } from '../../lib/aws/budgets.ts'
import { createHolds } from '../../lib/aws/holds.ts'
import { createImages } from '../../lib/aws/images.ts'
import { createPlaces } from '../../lib/aws/places.ts'
import { createPointers } from '../../lib/aws/pointers.ts'
import { createIndex } from '../../lib/aws/probe-index.ts'
import { createCatalogue, createListDates, createSources } from '../../lib/aws/records.ts'
import { type DynamoDbLab, startDynamoDb } from '../support/aws/dynamodb-lab.ts'
import { budgetsContract } from './budgets.contract.ts'
import { catalogueContract } from './catalogue.contract.ts'
import { holdsContract } from './holds.contract.ts'
import { imagesContract } from './images.contract.ts'
import { expiringContract, indexContract } from './index.contract.ts'
import { listDatesContract } from './list-dates.contract.ts'
import { placesContract } from './places.contract.ts'
import { pointersContract } from './pointers.contract.ts'
import { sourcesContract } from './sources.contract.ts'

let lab: DynamoDbLab
beforeAll(async () => {
  lab = await startDynamoDb()
})
afterAll(() => lab.stop())

describe('the index in DynamoDB', () =>
  indexContract(async () => createIndex(lab.client, await lab.table(), () => 0)))
describe('the budgets in DynamoDB', () =>
  budgetsContract(async () => createBudgets(lab.client, await lab.table(), Date.now)))
describe('the expiring entries of the index in DynamoDB', () =>
  expiringContract(async (now) => createIndex(lab.client, await lab.table(), now)))
describe('the holds in DynamoDB', () =>
  holdsContract(async (now) => createHolds(lab.client, await lab.table(), now)))
describe('the places in DynamoDB', () =>
  placesContract(async (now) => createPlaces(lab.client, await lab.table(), now)))
describe('the sources in DynamoDB', () =>
  sourcesContract(async () => createSources(lab.client, await lab.table())))
describe('the list of driver versions in DynamoDB', () =>
  catalogueContract(async () => createCatalogue(lab.client, await lab.table())))
describe('the dates of lists in DynamoDB', () =>
  listDatesContract(async () => createListDates(lab.client, await lab.table())))
describe('the images in DynamoDB', () =>
  imagesContract(async () => createImages(lab.client, await lab.table())))
describe('the pointers of repositories in DynamoDB', () =>
  pointersContract(async () => createPointers(lab.client, await lab.table())))
