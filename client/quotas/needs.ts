// Calculates the quotas that a deployment needs from its settings.

import { reservedFor, UNRESERVED } from '../../lib/model/concurrency.ts'
import { ARCHES, type Arch } from '../../lib/model/probe.ts'
import type { Settings } from '../../lib/model/settings.ts'

export interface Need {
  /** service of the quota, as Service Quotas names it */
  readonly service: 'lambda' | 'codebuild' | 'apigateway'
  /** name of the quota; the codes are not documented, so the service's own list is searched */
  readonly name: RegExp
  /** readable name, if the service has no such quota */
  readonly called: string
  /** with a lower quota the deployment fails; `failing` describes how */
  readonly least: number
  /** with a lower quota it is slower than the settings allow; `slow` describes how */
  readonly enough: number
  /** readable parts of the sum `enough` */
  readonly because: string
  readonly failing: string
  readonly slow: string
  /** alternative to a higher quota */
  readonly instead: string
}

type Needing = Pick<Settings, 'build' | 'cloud'>

export const needsOf = (settings: Needing): readonly Need[] => [
  executions(settings),
  ...machinesOf(settings).map((machine) => builds(settings, machine)),
  requests(settings),
  burst(settings),
]

function executions({ cloud }: Needing): Need {
  const { wait, direct, v1 } = reservedFor(cloud)
  const kept = wait + direct + v1
  const because =
    kept === 0
      ? `${UNRESERVED} shared by hits, plans and waiting clients (cloud.waitConcurrency is 0, so none are reserved)`
      : `cloud.waitConcurrency=${cloud.waitConcurrency} reserves ${kept} (Wait ${wait}, Direct ${direct}, V1 ${v1}), and ${UNRESERVED} must stay unreserved; add the reservations of other stacks in the account`
  return {
    service: 'lambda',
    name: /^concurrent executions$/i,
    called: 'Concurrent executions',
    least: kept === 0 ? 1 : kept + UNRESERVED,
    enough: kept + UNRESERVED,
    because,
    failing: 'Lambda refuses this reservation, and the deployment is rolled back',
    slow: 'hits, plans and waiting clients share these: in a crowd, clients have to retry',
    instead: 'lower cloud.waitConcurrency (0 reserves none)',
  }
}

/** The machines' architectures, each once. */
const machinesOf = ({ build }: Needing): readonly Arch[] =>
  ARCHES.filter((arch) => Object.values(build.machines).includes(arch))

/** CodeBuild's names of its environments: https://docs.aws.amazon.com/general/latest/gr/codebuild.html */
const ENVIRONMENTS = { x86_64: 'Linux', aarch64: 'ARM' } as const satisfies Record<Arch, string>
const SIZES = {
  BUILD_GENERAL1_SMALL: 'Small',
  BUILD_GENERAL1_MEDIUM: 'Medium',
  BUILD_GENERAL1_LARGE: 'Large',
} as const satisfies Record<Settings['cloud']['computeType'], string>

function builds({ build, cloud }: Needing, machine: Arch): Need {
  const environment = `${ENVIRONMENTS[machine]}/${SIZES[cloud.computeType]}`
  return {
    service: 'codebuild',
    name: new RegExp(`^concurrently running builds for ${environment}(?: environment)?$`, 'i'),
    called: `Concurrently running builds for ${environment} environment`,
    least: 1,
    enough: build.atOnce,
    because: `build.atOnce is ${build.atOnce}, and all of these builds may run on ${machine} machines of cloud.computeType=${cloud.computeType}`,
    failing: `CodeBuild starts no build on ${machine} machines, so no probe is built there`,
    slow: 'the other builds wait for their turn in CodeBuild',
    instead: 'choose another cloud.computeType, build on other machines (build.machines)',
  }
}

/** The account's limit applies even if the stage's own limit is higher. */
const requests = ({ cloud }: Needing): Need => ({
  service: 'apigateway',
  name: /^throttle rate$/i,
  called: 'Throttle rate',
  least: 1,
  enough: cloud.requestsPerSecond,
  because: `cloud.requestsPerSecond is ${cloud.requestsPerSecond}; all APIs of the account share the quota`,
  failing: 'API Gateway refuses every request',
  slow: 'API Gateway answers 429 above the quota',
  instead: 'lower cloud.requestsPerSecond',
})

const burst = ({ cloud }: Needing): Need => ({
  service: 'apigateway',
  name: /^throttle burst rate$/i,
  called: 'Throttle burst rate',
  least: 1,
  enough: cloud.requestBurst,
  because: `cloud.requestBurst is ${cloud.requestBurst}; all APIs of the account share the quota`,
  failing: 'API Gateway refuses every request',
  slow: 'API Gateway answers 429 above the quota',
  instead: 'lower cloud.requestBurst',
})
