import { mkdtemp } from 'node:fs/promises'
import { startRegistry } from './test/support/registry/registry.ts'

const dataDir = await mkdtemp('/tmp/door-')
const registry = await startRegistry({ dataDir })
for (const hit of process.argv.slice(2)) {
  const t = Date.now()
  for (let i = 0; i < 100; i += 1) {
    const a = await fetch(`${registry.url}/${hit}`)
    const b = await a.text()
    if (a.status === 200) {
      console.log('got', b.length, Date.now() - t)
      break
    }
    if (a.status === 404) {
      console.log(b)
      break
    }
    await new Promise((r) => setTimeout(r, 500))
  }
  console.log(await (await fetch(`${registry.url}/${hit}.json`)).text())
  console.log((await (await fetch(`${registry.url}/${hit}.log`)).text()).slice(-2500))
}
console.log(registry.output().slice(-1500), dataDir)
await registry.stop()
