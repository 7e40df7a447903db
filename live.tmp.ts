import { join } from 'node:path'
import { debianKernels } from './test/support/registry/kernels.ts'
import { curl, DRIVER_VERSION, scratch, startRegistry } from './test/support/registry/registry.ts'

const work = await scratch()
const registry = await startRegistry({
  dataDir: join(work.dir, 'data'),
  loadTest: (process.env.LT ?? 'required') as 'required',
})
console.log(registry.output())
const [k] = debianKernels('6.1', 'amd64')
const hit = `driver/${DRIVER_VERSION}/x86_64/scap_debian_${k!.release}_1.${process.env.EXT ?? 'ko'}`
const r = await curl([
  '-sSL',
  '-w',
  '%{http_code} %{time_total}\n',
  '--max-time',
  '150',
  '-o',
  '/tmp/t1/out',
  `${registry.url}/${hit}`,
])
console.log(r)
await new Promise((d) => setTimeout(d, Number(process.env.W ?? 0) * 1000))
for (const ext of ['.log', '.json'])
  console.log((await curl(['-sSL', `${registry.url}/${hit}${ext}`])).stdout)
await registry.stop()
process.exit(0)
