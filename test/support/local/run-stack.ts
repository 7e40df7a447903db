// Runs a stack in its own process, for tests that kill it: `node run-stack.ts ASSEMBLY DATA_DIR`; its first line is the URL.

import { startStack } from '../../../local/stack.ts'

const [assembly = '', dataDir = ''] = process.argv.slice(2)
const { url } = await startStack({ assembly, dataDir, port: 0 })
console.log(url)
