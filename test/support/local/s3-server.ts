// Runs the S3 endpoint in its own process, so that tests can kill it: `node s3-server.ts DIR` prints its port.

import { startLab } from './s3-lab.ts'

const { port } = await startLab({ dir: String(process.argv[2]) })
console.log(port)
