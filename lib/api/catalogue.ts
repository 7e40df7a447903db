// Lists the driver versions and targets that the registry can build.

import type * as z from 'zod'
import { TARGETS } from '../clients/targets.ts'
import { targetNamed } from '../kernels/targets.ts'
import type { Settings } from '../model/settings.ts'
import type { driverVersionList, targetList } from './schemas.ts'

/** `packaged`: versions that are available as packages, newest first. */
export const driverVersionsView = (
  { drivers, revoked, submitted }: Settings,
  packaged: readonly string[],
): z.infer<typeof driverVersionList> => ({
  driverVersions: drivers.map(({ about, match, names, kinds }) => ({ about, match, names, kinds })),
  packaged: [...packaged],
  revoked,
  submitted: submitted.length > 0 ? submitted : packaged.slice(0, 1),
})

/** The target `ubuntu` stands for all of its flavours. */
export const targets = (): z.infer<typeof targetList> => ({
  targets: [...TARGETS, 'ubuntu']
    .sort()
    .map((target) =>
      targetNamed(target) !== undefined
        ? { target, from: 'headers', about: 'built by name, from packages of the distribution' }
        : { target, from: 'config', about: 'built for kernels that were submitted to POST /v1/probes' },
    ),
})
