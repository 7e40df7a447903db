// Reads real output of wrk.

import { expect, test } from 'vitest'
import { readLoad } from '../../bench/wrk.ts'

const TEXT = `Running 2s test @ http://127.0.0.1:8002/x
  1 threads and 1 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   628.48us  539.59us   6.74ms   93.69%
    Req/Sec     1.82k   440.47     2.70k    70.00%
  Latency Distribution
     50%  538.00us
     75%  591.00us
     90%  761.00us
     99%    3.42ms
  1808 requests in 1.00s, 1.33GB read
Requests/sec:   1807.75
Transfer/sec:      1.33GB
`

test('reads requests and bytes per second, and latencies in milliseconds', () => {
  expect(readLoad(TEXT)).toEqual({ requests: 1807.75, bytes: 1.33 * 2 ** 30, p50: 0.538, p99: 3.42 })
})

test('refuses output with error answers, and output without figures', () => {
  const failed = TEXT.replace('Requests/sec', '  Non-2xx or 3xx responses: 12\nRequests/sec')
  expect(() => readLoad(failed)).toThrow('wrk says: Non-2xx or 3xx responses: 12')
  expect(() => readLoad('unable to connect to 127.0.0.1:1 Connection refused')).toThrow('unable to connect')
  expect(() => readLoad('')).toThrow('wrk has measured nothing')
})
