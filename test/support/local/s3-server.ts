// The endpoint as a process of its own, to be killed: `node s3-server.ts DIR` prints its port.

import { startLab } from './s3-lab.ts'

const { port } = await startLab({ dir: String(process.argv[2]) })
console.log(port)
