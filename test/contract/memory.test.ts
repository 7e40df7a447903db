// Tests the contracts of the ports in memory.

import { describe } from 'vitest'
import { createKernels } from '../../lib/inputs/kernels.ts'
import { countedHolds } from '../../lib/serve/counted-holds.ts'
import {
  memoryBudgets,
  memoryCatalogue,
  memoryImages,
  memoryIndex,
  memoryListDates,
  memoryPlaces,
  memoryPointers,
  memorySources,
  memoryStore,
} from '../support/memory.ts'
import { budgetsContract } from './budgets.contract.ts'
import { catalogueContract } from './catalogue.contract.ts'
import { holdsContract } from './holds.contract.ts'
import { imagesContract } from './images.contract.ts'
import { expiringContract, indexContract } from './index.contract.ts'
import { kernelsContract } from './kernels.contract.ts'
import { listDatesContract } from './list-dates.contract.ts'
import { placesContract } from './places.contract.ts'
import { pointersContract } from './pointers.contract.ts'
import { sourcesContract } from './sources.contract.ts'
import { storeContract } from './store.contract.ts'

describe('the index in memory', () => indexContract(async () => memoryIndex(() => 0).index))
describe('the budgets in memory', () => budgetsContract(async () => memoryBudgets()))
describe('the expiring entries of the index in memory', () =>
  expiringContract(async (now) => memoryIndex(now).index))
describe('the places in memory', () => placesContract(async (now) => memoryPlaces(now)))
describe('the holds of one process', () => holdsContract(async (now) => countedHolds(now)))
describe('the submitted kernels in memory', () =>
  kernelsContract(async () => createKernels(memoryStore().store)))
describe('the list of driver versions in memory', () => catalogueContract(async () => memoryCatalogue()))
describe('the dates of lists in memory', () => listDatesContract(async () => memoryListDates()))
describe('the images in memory', () => imagesContract(async () => memoryImages()))
describe('the pointers of repositories in memory', () => pointersContract(async () => memoryPointers()))
describe('the sources in memory', () => sourcesContract(async () => memorySources()))
describe('the store in memory', () => storeContract(async () => memoryStore().store))
