// The machine that the client is tested in: it boots, reaches the host's loopback, and ends.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newestKernel } from '../buildspecs/archive.ts'
import { bootVm, HOST_LOOPBACK, programs } from '../vm.ts'

const { unameRelease } = newestKernel('6.1')
let server: Server
let url: string
beforeAll(async () => {
  server = createServer((_, response) => response.end('served from the host\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://${HOST_LOOPBACK}:${(server.address() as AddressInfo).port}/file`
})
afterAll(() => {
  server.close()
})

test('a machine runs its script on the kernel that was asked for, and has its files', async () => {
  const script = 'uname -r; /greet; id -u; echo $((1 + 1))'
  const files = { '/greet': '#!/bin/sh\necho hello from a file\n' }
  const said = await bootVm({ unameRelease, files, script, seconds: 60 })
  expect(said).toContain(`${unameRelease}\nhello from a file\n0\n2\n`)
})

test("a machine with a network fetches a file from the host's loopback, by wget and by curl", async () => {
  const script = `wget -q -O /tmp/a ${url}; cat /tmp/a; curl -sS --max-time 30 -o /tmp/b ${url}; cat /tmp/b`
  const said = await bootVm({ unameRelease, files: programs('curl'), script, network: true, seconds: 60 })
  expect(said).toContain('served from the host\nserved from the host\n')
})

test('a machine without a network reaches nothing', async () => {
  const said = await bootVm({ unameRelease, script: `wget -q -O - ${url} || echo none`, seconds: 60 })
  expect(said).toMatch(/\nnone\n|^none\n/)
  expect(said).not.toContain('served from the host')
})

test('a machine that does not end is ended, and what it said is told', async () => {
  const never = bootVm({ unameRelease, script: 'echo waiting; sleep 600', seconds: 10 })
  await expect(never).rejects.toThrow(/within 10 seconds:\n[\s\S]*waiting/)
})
