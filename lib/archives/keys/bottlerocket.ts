// Where the trust in Bottlerocket's repositories begins: a root of theirs, byte for byte, and the digests of those that its
// project has named. Each root vouches for the next one.

/**
 * sha512 of the root.json that Bottlerocket's BUILDING.md has told to verify, newest first, with the day since when
 * (github.com/bottlerocket-os/bottlerocket, commits d6f6ac84, b349d1a5, be880097, 29757a81, 404d4995).
 */
export const BOTTLEROCKET_ROOTS = [
  // 2024-08-27
  '2ff1fbf99b20dd7ff5d2c84243a8e3b51701183b1f524b7d470a6b7a9b0172fbb36a0949b7e586ab7ccb6e348eb77125d6ed9fd1a638f4381e4f3f084ff38596',
  // 2023-08-29
  'a3c58bc73999264f6f28f3ed9bfcb325a5be943a782852c7d53e803881968e0a4698bd54c2f125493f4669610a9da83a1787eb58a8303b2ee488fa2a3f7d802f',
  // 2022-09-08
  'b81af4d8eb86743539fbc4709d33ada7b118d9f929f0c2f6c04e1d41f46241ed80423666d169079d736ab79965b4dd25a5a6db5f01578b397496d49ce11a3aa2',
  // 2021-09-20
  'e9b1ea5f9b4f95c9b55edada4238bf00b12845aa98bdd2d3edb63ff82a03ada19444546337ec6d6806cbf329027cf49f7fde31f54d551c5e02acbed7efe75785',
  // 2021-01-21: the one below
  '90393204232a1ad6b0a45528b1f7df1a3e37493b1e05b1c149f081849a292c8dafb4ea5f7ee17bcc664e35f66e37e4cfa4aae9de7a2a28aa31ae6ac3d9bea4d5',
] as const

/** Version 2: packages/os/root.json of the same repository, at commit 63f9e4ac. Its successors are not there. */
export const BOTTLEROCKET_ROOT = `{
  "signed": {
    "_type": "root",
    "spec_version": "1.0.0",
    "consistent_snapshot": true,
    "version": 2,
    "expires": "2021-09-22T00:00:00Z",
    "keys": {
      "64b4f21d141b0c716f453449cd21c97bef1c6562f9ede3bcc900320890e68a87": {
        "keytype": "rsa",
        "keyval": {
          "public": "-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEA05vM7iGdKd5799CVMjl9\\nxQKg5yrdrYa2GhR0jrXawmrHTDlsJllZ5O+198Yiod0Boi4SzPFrMERc20Dxiq6A\\nkq15z9qi8ZSOi9BsCTPLzsckz8BzCGL6BN/SrAB0+VVAb3ya6pZkCcr2b5QTtnD4\\niOLcJaSWnBslPIhanbhfBP9Q4w+134rhb8rMB2VJvMv3JeS4BmvtTDU/ekbKkFZd\\nrzs3VZetdrNRawGcTUkjA/PtRunArwEXTadwOvh9795M/grTW0f/hpLUSoG7zx/r\\nwcyuyT3T+koS61nbIy87FzTFoekyE/Zbb4XNSg6eYiokGdNE08tFWevZUlV0bHsn\\nBQq0WumWzXKiWiXWIoScGwH92Pou6+cvoUpuTTIQjDG100zZXFQXz2fA3q6hw908\\nBCD6sY5yzvIRoboZOcMS0fAlSGC3uKDEnwsSFwH99PZzsGAkK9N0e2btgHbNLCOW\\nB/OAd7brg9VMA05smyY8Hfs5EAy/qtTQOciJiZC9VJdHAgMBAAE=\\n-----END PUBLIC KEY-----\\n"
        },
        "scheme": "rsassa-pss-sha256"
      },
      "652194f65ff5909e0937d5629ddcaffdaabb5f55e5a878f431311b0c7fe111d9": {
        "keytype": "rsa",
        "keyval": {
          "public": "-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEArnEeFF36ZHiTq9cahGNl\\n6Lqzs1yPiYSdvRCvhLHJARsyj42/iFQvaP8HLSGr8uV6Z9h3cphVIjTxNXgYYLE0\\ngEsLVL1Y4cOWTGsmddoTb4z11/vlSXMxk25pSWseQKFr6KyvJsR1QllhkhGxbGhf\\n8wdCOEPrOAK7SMt0VNA60PYOwVIT+Gp0HhPVBenTq9E0MYgpumtITk6oDUe/Sd3l\\nmhnqdJEQBOFmRLtHzZbmL8RMkL855kINuU9iRJTaTyGCAAA7gNuzXqNmsAL7CUad\\npyZZswb7lvKIwC1aNXGrePbYoYWZsPLTrkzixcskFgBjoBjoXotcBlY2CNzYSunp\\nbcYuF3EDT5Two0uC0uCiTl7lSNQLxyjVh+92rsuXylKI7oeGwIztWGLc9Dh/2Gvg\\n3OMxyIJQgAYEChDi9Pj4X6KeusR8E2VH/pmxa4xnlcHAo2OIe/fZEndFIKkhkHSD\\nIvegyJcLrDbjnkUHMehulSSDQfLOTxC2W8VK/Z1vrzqPAgMBAAE=\\n-----END PUBLIC KEY-----\\n"
        },
        "scheme": "rsassa-pss-sha256"
      },
      "4a2f1749be276c35a898f8080c24df567a14d3dae947271e4729d593f3550c8f": {
        "keytype": "rsa",
        "keyval": {
          "public": "-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEArk4+++nLiqazEc2KPCgF\\n6fhsCLBaQ8Z+Ya8MkDbte0sRyh4Gyv0dqIhFSR2Y0Oh2zljyONI8Iv+KCZqxZ5z2\\nSs/h2+SsOI1SZUiEN7TPON0A1BjW1kMeWGMIbsZAqAfI0vDe07zTmDoxa1MBo9He\\ng7UclNLmCa+Y2vrO9ohPlhhokCTI/YMsHXR6W2ekPnOhmff3IuQrA29PTNalMWmS\\nfecMj+ZicpYzJkwSCznkOUGqKeF1zDxTVnBYdU2hl5Y26l/M8IFhpgBOXVbuk7O0\\ntdtIEABItOfww+aCWIyqUvl+kdHSIufIi5XeFr6GQRRVlxeb4jbJI7SJ4OEt1Etj\\naC17OlNxWW/VErdkk4xd1bEUb2j6DGIhReDuPiQKc2G27kBYAgDVvxSzw70OiuEV\\ncd4rRAOG8+m/QfuLp752cdb9tJvvj5tpT5Cd/awCcMAFIn2u/zT7bjbk2g3YOadJ\\nv7uwQ2zlgzZ8FQeJL1PmEdYL1IAWKYw/ulXH8nWy4KqRAgMBAAE=\\n-----END PUBLIC KEY-----\\n"
        },
        "scheme": "rsassa-pss-sha256"
      },
      "83cd01ec613f95023f551130af969c2cfc05af08873a4798f527a6a1f57c088f": {
        "keytype": "rsa",
        "keyval": {
          "public": "-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAyycD3cLFBa4ktIxs4wnO\\nTmjive+7gSv3QGR+3OAp/eVG6yXOXAOUvF7C1qwSjZVmXH16tm9ojOpYggziVLxG\\nf6fYHEnjLHoLhKScf8jtlucgUdQXIVLTxXFqIO5B8llrNciZE62onC90Oc4n3FTY\\nKvbA5+2utwbbgTYeF3Q9GP3g2LtK9I7q5iz2xWuPTFBKtdp5M9BfxFxjM/p6oIEG\\n6Z2q/XuAJfw0VR8dRV3aCqbhDYTFmgDezv0Nt9ZLtZnWEGDh55LcqsyI60vuMA7U\\n8vGNWkZJE1Q3vjGgOrABEjS8ietmTNjRJ1Erjm+3xOMfn49AO7E9glBe5cVtBxTH\\nrCkQZRa1A4gC28RFcDfSWXxoLQGJjYqfmYY4WsAfVFHmnsQf7jU/fqmlSnzHNXz3\\nHoyZoWEq+Ftsf1CsV1yvjvzSBLcvCr/47fQmwTOBCH5RKu3ruj/5RAJwKKCODGZ6\\nJ4IMqn3UZjd51JM0cJ0nTT0N5rudky5jbIExZQZMEO6pAgMBAAE=\\n-----END PUBLIC KEY-----\\n"
        },
        "scheme": "rsassa-pss-sha256"
      },
      "73dcbc4f6aed708c22a1c86edf739f019c9da7b6d5f733e5468fee55d210c9d4": {
        "keytype": "rsa",
        "keyval": {
          "public": "-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEA7JZag3sqbt/GYW0lFJwu\\nTX2B6/CMA+biRd3qgoDh7MH6bBiAsCiyccJt2KAb1SJYe58NVZSHBoA64F/Y/OXC\\nqfCY7W2M29osij9TrRMB9WSZrzLff8S5Hx61Fp9ww3DMqqJjcY3PP46KNmA6SyOH\\nqLw6ggGzQ/UNrAzTp5jF9woYwlrVgqiS2YRFbm5A7TaHWonXHf7i7J/RuVclUOQ7\\npUfNvgWLr+MAN+u73yulU+VdkAstveFYSJ4Tne9AyEgYv+4yu3mehpILBHBxX59V\\nK4AvqpAZZNXQBetfCGCPRg73JpTWdhF9pvbngbDlfxuRFYwlz+AImuOihHQoVxdi\\npdoEnZqZvBawitb0GNOQXzv1qkOaXmYXW3RIfrXqdNG51WSJt6YOJG+GBmvl2ECt\\nxfNhcdF2ZVS0pdRYftT18NzuBQO9iLvgx1J/hrh6j8sQQIcJ+/uNr4uHVK9rQXrt\\nmWwyn7TViWK37cOYphyDNhuUzBiin6NqoglQvE7tqZhPAgMBAAE=\\n-----END PUBLIC KEY-----\\n"
        },
        "scheme": "rsassa-pss-sha256"
      },
      "cfce0c5ac39a2d071abbf01d554bbbc54ed3a3c22aee54b9c3af6ac60b4ee9c5": {
        "keytype": "rsa",
        "keyval": {
          "public": "-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAqN66Qh5qhC4kOBxIdjpC\\nh6wBNq9XVHCmzxK7N/CF5cHQXsp7z8k8BMUgdIGbptrEGzec8kpul3ZjYNjW+bfq\\nAjY6ng54iPrM6g9IHcIWeeKiiS/4PV+1K5kxmOcLRGWZbCbAygOiVDtJKbyOv7Eg\\n4NBj2IJr2DjtgO29hQkm/fKx77r7QWGsggVMWXoDGIaoO7O5RkIB98Kz/ApuQr3E\\nJDpWBHe5VIn/y+2P2XXY2tkolNqLRZRTW4v4823mtxC90gABnIUOpxU2y9g36QI+\\nUE28vi0+zAHQ3+GWh9c5RdIhHIhht8FStK9tz52WTzzCviiFsZv//OR6SPcpKfqa\\nlT5pf901vnezNSpkgsL2ZuBy7/vJB9OAKUj8yn9Ayf8sfPQ9g+Lc9pRxhGAsINA9\\nJzt/Fk+agjFZPMQdA16MQzjoU84fjFecp6w3ypwJ4dXWlk7FJWqn+N3xAD0dVifv\\nFvVXQjR1FN6nhcXUVArPUP9q0ACfXHMt5qKdLuGf6yWjAgMBAAE=\\n-----END PUBLIC KEY-----\\n"
        },
        "scheme": "rsassa-pss-sha256"
      },
      "a4fed2c083ac6e707e2c44c62d364ac98f97687a0ccfa747de4f01a77fbcfb1c": {
        "keytype": "rsa",
        "keyval": {
          "public": "-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAyj9lR1Gk29eCpr9rVIvx\\n1UmvvD9j/Ngr0WHYha2pkg8W5ydTZpN9FOvmEFHu7zp+Luwg4pdRHHgxmKKhHZJS\\n6j7nXBbCJ9zf5t0kCUNnemBfC4Lr1qDLk33tFHilMHZLUsNIHJG48p7wOAGV40xg\\nPUkav4orG29IK/Iw9TbmaPWGLD6Socp7hbggMoaVkzYbuorwfX/+8rWFLNtWcYNu\\nbT6GGiVLMP0hL1i21wTnSQoZjOBQxwj7yMMVa1tgdN/A5dCFatdsBu1U6mq7b5dp\\nbgwdltJLvRm+sb89ZYvyg/s5i/xyamjjXRcrAFxZEwlYCCxxqS8OpDSMJY8lWv0k\\nOklBoqmKf/QiYIb25pIn9jpmAssDepzD4H1LVBkCO+zO9nSga98bdcLdXRfoifU9\\nmwMH8N9eo6xsxxsSrVHiVFeHjbGgsXbezxGyELEwQYF77EeguXWinqA5H2qkI5Gw\\nbRQ7+Biq6AvtuOuGrxotv3i2GD7/wwMRFifpp0DngvzLAgMBAAE=\\n-----END PUBLIC KEY-----\\n"
        },
        "scheme": "rsassa-pss-sha256"
      },
      "b51c4e43b0e168fc75d0d4d4195a1e13fdb842a9e578839fa6b87abd8c5bf7cb": {
        "keytype": "rsa",
        "keyval": {
          "public": "-----BEGIN PUBLIC KEY-----\\nMIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEArOtKhu1edBZ9f8HEkQKQ\\n8jPCuVG5swNMRsNC/Uc2bFIPBgKc0AX9ETiptfz/Cmck7A5jrf85IQp+b4XZ1EF/\\n+jdGXWbvcAdburnbPj/+AjE99U6ffsauyeaAcDAXE0NQ4JnNsiwqxpMIHDJdjfKi\\nznsyiKrZDL8OI0cJn3PFP25VnctB6213lZaDbmFaQf2vLNmJNyIKDZmnySCoXk+a\\nNgveG8BHL6EQZSE2GZcAW/2jX4m21yZsFWgao3yoNvfIQJ4zSpo+KChZSamkCcNk\\nCob1Q5g38gaS271Ro+Ax/BCSA1rFuiesL3/sWgV9JEXIsZHYZv87LQkmNMQYrc6i\\nTVrUtCjsGd8sE6WRSy6ftlQ9/k0Ljn4cV5gLhnx8+s1SNy+sz+V/7xZMNxSgUYl0\\n7ClFrkUWEIooKULPS/cju27AUxyHsleiMTWPGWWcwlMqPIEv8uAzkOvgfYiOQ9ns\\n7fibz4UeoMFarAXSTtukFv0nyfHWHSYg3ToTRAAGT48BAgMBAAE=\\n-----END PUBLIC KEY-----\\n"
        },
        "scheme": "rsassa-pss-sha256"
      }
    },
    "roles": {
      "root": {
        "keyids": [
          "652194f65ff5909e0937d5629ddcaffdaabb5f55e5a878f431311b0c7fe111d9",
          "a4fed2c083ac6e707e2c44c62d364ac98f97687a0ccfa747de4f01a77fbcfb1c",
          "4a2f1749be276c35a898f8080c24df567a14d3dae947271e4729d593f3550c8f"
        ],
        "threshold": 2
      },
      "snapshot": {
        "keyids": [
          "b51c4e43b0e168fc75d0d4d4195a1e13fdb842a9e578839fa6b87abd8c5bf7cb",
          "64b4f21d141b0c716f453449cd21c97bef1c6562f9ede3bcc900320890e68a87",
          "cfce0c5ac39a2d071abbf01d554bbbc54ed3a3c22aee54b9c3af6ac60b4ee9c5"
        ],
        "threshold": 1
      },
      "targets": {
        "keyids": [
          "b51c4e43b0e168fc75d0d4d4195a1e13fdb842a9e578839fa6b87abd8c5bf7cb",
          "64b4f21d141b0c716f453449cd21c97bef1c6562f9ede3bcc900320890e68a87",
          "cfce0c5ac39a2d071abbf01d554bbbc54ed3a3c22aee54b9c3af6ac60b4ee9c5"
        ],
        "threshold": 1
      },
      "timestamp": {
        "keyids": [
          "b51c4e43b0e168fc75d0d4d4195a1e13fdb842a9e578839fa6b87abd8c5bf7cb",
          "64b4f21d141b0c716f453449cd21c97bef1c6562f9ede3bcc900320890e68a87",
          "cfce0c5ac39a2d071abbf01d554bbbc54ed3a3c22aee54b9c3af6ac60b4ee9c5",
          "83cd01ec613f95023f551130af969c2cfc05af08873a4798f527a6a1f57c088f",
          "73dcbc4f6aed708c22a1c86edf739f019c9da7b6d5f733e5468fee55d210c9d4"
        ],
        "threshold": 1
      }
    }
  },
  "signatures": [
    {
      "keyid": "4d6464f48c11e74cf1b87e3da3bac1ce884e003cedc83e054d0f5371769d3028",
      "sig": "0dbaee90dbc7a7e99e38f2f6ff29b8f1cad87db50f3e883f93bd0f59f36c27df32d5290078dcd89e44ac82caebe5107f4e6f466305808a0697986e7ffdc6fc3d5c8368e4ee66d2a7682b6ae67897b16309064e22c0b06f18f033cc000452158f87e910b822d038f291570748ffc44fcb96943899e8cd2b2f72f374d6070827ace97d33b029b7551fa2b8195563a7210feef40667a5246c1a80abd609df2c3907455c44628cf1e81af882418a53d355b4002cc1a440718da1d48283d7fb73a28867c9ceb463c6de2d752bd4789104be40278fad286c74448d29946af8c5bc25dbd188b23c5fb552f15554e845513d209933ed7decfb27000fbb131ad4baa7a0cd0510e4d5c1a49a66994ad2d2809307b8935c9b97c36fb9c2fd1fb3a4cc8263e28398804dd0c95dcc78ab0b8846442322d106f7f5c44aae849f038a761649c4945f4a1d2db4739f07a31381114c61b85c5d771f74d542beb315455644f72b0bdd7384f20769af333894ff958156cac71004db633b8ebbbcf4590004eec074a9fc"
    },
    {
      "keyid": "6f3533d821dc7b99494fdf381f9cd9e666460130efb68339fbfd542c6a7f924b",
      "sig": "738ef14e13b56fb1e091b49850d42bc35c88e50ab4efbc546fe0cbb31b3b4ece47eea0a55e97f28c65aa0c9ffe678e23aad3b64e7e71f33c080ea1470d823b1c184ca76f368280d70cbdd9f23fe3cd6c4bc493d18f21d131b9753b60c68f1c20809d2109177737c862105c4284a231629662592c96bc58dec277ae632e699dc81f3fd57f168341a4d9478505981370e081c027520d287a8c47b6eeb0ec13c616aa78015703dc6dba768965b121c67bf501b69164724ef61fd9ccb0669caf44b6ab924a5456b73624cb817cd847a3c416b3df70785d767b8cd0ae829c6f8bf71d8e59f541b0c4e448762b3334be7975ce82f185722250ef9c59841986a14c04f33642c8e4e4f135fadc775b4755e7cf476e65a36fbcd5870994dfdff6d3772df9e77a8c7db9e8dd4eb35ed6a8791a3d0d4c7891fafb6bdf9ca976ee94718772bde0413a1e130bcd2cd58d611b68c9890515422fb69ff8a1bc48affc3e10bc403bce80d1b19f62586394bef04b194ed1ab89b0d027761efa555568258d603e2e76"
    },
    {
      "keyid": "97d2f07c71784a05581492448d02da97a5864b00a505649f3f16f761abc8a9dd",
      "sig": "18a1e47a5c3e2be23428b867cccb11393b1038db73506fbcfd73d14f5ef15f6b520d8869ed91b97f6dc0a41df88dc480fd5e47acf8bea87c1acbaafccb8a908e2994e05a404e2a66a1f498701a3ba615f8fefa760d1240bbc5d6b1d9c60cd6d241a3001f81fbfe339abe2116ef23bca1bb9c12fa4cf42d327a51bcf91841f84e0ebfe40510804473642754f74bd790da54284a8cfb8751bfa9e537677c547164fb10debe8c4f0557ed5c9f6259d81f00fca7c755be0c26a90a1a62952a709cf2ec3322e292feeaf2ae5762a0cd06dce46fb315a9605d1c63c7504bafb6befb4724f58befa582aa9308b4dca24201e268964e337219e4d71f25098913f2443b176644915dc204ea838d115140a29b9a1dc34f527be26d19c74d272f5001d627f4b994956ddec27cb50232db1bd48a6828aeb00c7f1131e069e62ebd27c82d592899d5d3de22932668e52e4d249ab91579c256f77f4318994ce5cf20dd285146d6a8e91ccc755bc0aa38fbea42759bdd7b2778b169ece8e41fc6be025e848c2896"
    },
    {
      "keyid": "a4fed2c083ac6e707e2c44c62d364ac98f97687a0ccfa747de4f01a77fbcfb1c",
      "sig": "b444547fab972cecfcde0e05974a247b22b9e33280ae8085d6c07b491428ab9996bafd9ee932f98a6db1557eec733ce6595d08710e1e1aeffcdecf2438fbb32b2293790d696ebd893e61476317caf3457390cff7ce43837444a4d112a5b603f42033d49b4f0d49bd3e40efb8527b98a0fdcbfda81a8365ab0fd6742de9eef933e213439bbd3854bb1d92b85380585cc0c0a72bb7f4de5a8b68bfb46f3c4da46a406c8d1c875363e5f2db58885f4e71c749ebb740d50c968eeccbe1e36bc0471667174ad7393b7614633ba73f38a8a129d26905e67b38bfb4492ef145a80f026feb74338b7d4af3e3c74c560f3d7408ff8f5fcee83eb6eb0f4069e7bbc24bde0c92e32a82d65f8af13d2a6ed289b50d9006dfb7b3666f748fb76b7d408f82d9e4f2ea624319753eb50c527fe5bc39627d08ea412f986c96a15d1d30519c60014ecaedaf3c894a0b21c188ce4984c4c87baad24c5dff10a9c7b7a0e44b492ab552fdd8d1a5f37c813bce2f113fdffdda6c81d3446c85179e55cab7b64396de8bcd"
    },
    {
      "keyid": "4a2f1749be276c35a898f8080c24df567a14d3dae947271e4729d593f3550c8f",
      "sig": "9a385725decaac13632cd6aff052d6153fe1305f1a1a602522925992c0dafbba6a9b975c1ef7c8ed70d2be940ddf0362b955541f602ad13dcdb495c499a2c97d80ccee678a6e711ef6db96bed71ecb62e1803e9e9b64254180f47921a46b5a8c67cf49b3e354e13cbe57f02e62bc72a957f69eed247b586613827c6fd056d8c9b22a3b8caf01931b5796dd403fa16e74c0f550a1efdc7e9b19599a140e9969c413ba453c1362bb07bd132f3df68fc33924fce53a4a082b2d63c2928413d91acef4c587d795ae81684a6a4105f59ac0e055fcf78624f1c42de1c3986c9caee049769ef29782e31fc251e86b3fe428db5700bb7cd3df517242cdc21b259ba855fb012ae216172389e823ad9556d57a99b7be12c360813168f9741acf35dcf41e914012b9bb61433200afc0a578c599c388cf41b0c21d0518fe94bf7b4a62686b2825261b2d1a1af0475f31dcfc6e845dcd4abd3fb521e6a866ecd33fddd149475a0110b49e61fb1f0a1de5d5faa962a6ec9d7d9475886f880ff07456d3de800e22"
    },
    {
      "keyid": "652194f65ff5909e0937d5629ddcaffdaabb5f55e5a878f431311b0c7fe111d9",
      "sig": "630c09912968fd2c8f62decf8385c5fcc3518aae4f07dd5a3d5a43d2df9c3c637ff4f676ab225616bc6eee31f83107eb8eb0f25900527c5b40d5f2feeeddd64e296a4cf340c30fca25eb2366588537f11d38d22f00f05113bb132a6e57904b5eaa921d47b5f0998139d6677968ce84c6bee9646c115dce690a00e358df06a534803886a8b338f60012194a121d66c633f4b0ec2eaaa96e41fcfa898241c16251f541d0feaee18c4fc1881b1b3429fd008f674799cbb43cd0e01d0f8fbba258f6ff8a6843d4e2f9689b021b2355f0769578724ca3b9e1bfb1b55fdcbaa7442c432756e21b4c34c2a506b7db7d250c588aba17e9d1801b28a994f1273544fabd3519254cc725c37bf5901c1a40fba1dd535ee0e791c39f1c22b692f91897433b1543ca3b13d662af2a9d22afa5812c858c63b2615f6b875abd5184e8874cc2efa97222e1fb9df39d634a08b47882963544590be32692346d17c45899b43434c69b4d1d3066af0787c527b2263ba372b4d32f2f684c31136ee801541d6183a7b973"
    }
  ]
}
`
