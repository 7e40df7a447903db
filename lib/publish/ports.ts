// Defines the ports of `publish`.

import type { TurnPorts } from '../build/turn.ts'
import type { Budgets, BuildCache, Builder, Index, Places, Signer, Store } from '../model/ports.ts'

type Used = 'get' | 'queued' | 'open' | 'publish' | 'fail' | 'testing' | 'verdict' | 'spare'

export interface PublishPorts extends TurnPorts {
  readonly index: Pick<Index, Used>
  readonly places: Places
  readonly builder: Pick<Builder, 'look' | 'stop'>
  readonly budgets: Budgets
  readonly staging: Pick<Store, 'get'>
  readonly artifacts: Pick<Store, 'create'>
  readonly cache: Pick<BuildCache, 'keep'>
  readonly signer: Signer
}
