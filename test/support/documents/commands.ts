// Names the test that runs each command line of the documents.

type Run =
  /** test/e2e/readme.test.ts runs it as written, except for the port and the kernel */
  | { readonly by: 'readme' }
  /** another test compares the document's command with the one that it ran */
  | { readonly by: 'test'; readonly file: string }
  | { readonly by: 'nobody'; readonly why: string }

const README: Run = { by: 'readme' }
const README_TEST: Run = { by: 'test', file: 'test/e2e/readme.test.ts' }
const LOADER: Run = { by: 'test', file: 'test/e2e/client.test.ts' }
const BACKUP: Run = { by: 'test', file: 'test/faults/backup.test.ts' }
const METRICS: Run = { by: 'test', file: 'test/faults/metrics.test.ts' }
const APT: Run = { by: 'test', file: 'test/e2e/apt.test.ts' }
const IMAGES: Run = { by: 'test', file: 'test/e2e/images.test.ts' }
const APT_HOSTS: Run = { by: 'test', file: 'test/systems/apt.test.ts' }
const DNF_HOST: Run = { by: 'test', file: 'test/systems/dnf.test.ts' }
const nobody = (why: string): Run => ({ by: 'nobody', why })
const AT_A_COPY = nobody(
  'it needs an AWS account; test/functions/signing-key.test.ts puts a key where these commands put one',
)

const BEHIND_EDGE = nobody(
  'it needs an AWS account with a distribution; test/lib/aws/by-digest.test.ts checks the path',
)

/** By the start of a command line. */
export const RUNS: Readonly<Record<string, Run>> = {
  'npm start': README,
  'METRICS=127.0.0.1:9090 npm start': METRICS,
  'curl http://127.0.0.1:9090/healthz': METRICS,
  'curl http://127.0.0.1:9090/metrics': METRICS,
  'SETTINGS_FILE=settings.json npm start': README_TEST,
  'npm run synth': README,
  'npx --no-install probe-registry name': README,
  'npx --no-install probe-registry build': { by: 'test', file: 'test/e2e/build-command.test.ts' },
  'npx --no-install probe-registry check': { by: 'test', file: 'test/client/commands/check.test.ts' },
  'npx --no-install probe-registry cost': { by: 'test', file: 'test/client/commands/cost.test.ts' },
  'npx --no-install probe-registry digests': { by: 'test', file: 'test/e2e/digests.test.ts' },
  'npx --no-install probe-registry backup': BACKUP,
  'npx --no-install probe-registry logs': { by: 'test', file: 'test/client/commands/logs.test.ts' },
  'npx --no-install probe-registry packages': APT,
  'npx --no-install probe-registry push': IMAGES,
  'npx --no-install probe-registry quotas': { by: 'test', file: 'test/client/commands/quotas.test.ts' },
  'npx --no-install probe-registry restore': BACKUP,
  'npx --no-install probe-registry withdraw': { by: 'test', file: 'test/e2e/withdraw.test.ts' },
  'npx --no-install probe-registry replay': { by: 'test', file: 'test/client/commands/replay.test.ts' },
  'npx --no-install probe-registry verify': { by: 'test', file: 'test/client/commands/verify.test.ts' },
  'skopeo copy --all --src-tls-verify=false': IMAGES,
  'skopeo copy': nobody(
    'it needs a registry of images; test/e2e/image.test.ts has skopeo copy the same layout into a folder',
  ),
  'cosign verify': IMAGES,
  'DRIVER=$(curl': README,
  'echo "debian-$(uname': APT_HOSTS,
  'echo "ubuntu-$(uname': APT_HOSTS,
  'apt-get update': APT_HOSTS,
  'apt-get install': APT_HOSTS,
  'dnf install falco-probe-kernel': DNF_HOST,
  'gpg --verify /usr/share/doc/scap-probe-0.20.0-6.1.0-56-amd64/scap.ko.asc': APT_HOSTS,
  curl: README,
  gpg: README,
  sha256sum: README,
  'export DRIVERS_REPO=http://127.0.0.1:8080/driver': LOADER,
  'sh falco-driver-loader': LOADER,
  'useradd --system': nobody('it adds a user to this machine'),
  'install -d -o probe-registry': nobody('it needs that user'),
  'systemctl enable': nobody('it needs systemd; test/documents/service.test.ts verifies the unit'),
  'npm test': nobody('it is what runs this test'),
  'npm run test:long': nobody('it runs every test, this one as well'),
  'npm run check': nobody('npm test checks types and style itself'),
  'sh local/node.sh node_modules/.bin/vitest run': nobody('it runs tests as npm test does'),
  'sh local/setup.sh node': nobody('npm start and npm test run it before all else'),
  'npx --no-install cdk bootstrap': nobody('it needs an AWS account'),
  'npx --no-install cdk deploy': nobody(
    'it needs an AWS account; the templates that it deploys are synthesized and checked in test/cdk',
  ),
  'aws secretsmanager': AT_A_COPY,
  'aws s3 cp': AT_A_COPY,
  'npm run deploy:first': { by: 'test', file: 'test/cdk/first-deploy.test.ts' },
  'npm run deploy:firewall': nobody(
    'it needs an AWS account; the template that it deploys is synthesized and checked in test/cdk/edge.test.ts',
  ),
  'npm run deploy': nobody(
    'it needs an AWS account; the template that it deploys is synthesized and checked in test/cdk',
  ),
  'PROBE_SETTINGS=settings.json npm run deploy': nobody(
    'it needs an AWS account; test/cdk/deployment.test.ts checks what such settings make of the template',
  ),
  'aws deploy': nobody(
    'it needs an AWS account, and a deployment that moves; test/cdk/live.test.ts checks what moves how',
  ),
  'aws s3api delete-object': BEHIND_EDGE,
  'aws cloudfront create-invalidation': BEHIND_EDGE,
  'aws cloudformation': nobody('it needs an AWS account, and a deployment that was rolled back'),
  'npm run targets': { by: 'test', file: 'test/targets/judges.test.ts' },
  'npm run image': { by: 'test', file: 'test/e2e/image.test.ts' },
  'npm run matrix': { by: 'test', file: 'test/e2e/matrix.long.test.ts' },
  'npm run bench': nobody('it measures, and is not a test'),
  'docker buildx imagetools inspect': nobody('it needs Docker and a registry of images'),
  kubectl: nobody('it needs a cluster; test/client/kubernetes.test.ts checks the values'),
  'FALCOCTL_DRIVER_TYPE=kmod falcoctl driver install': nobody(
    'it is falcoctl, which no package has; test/client/kubernetes.test.ts checks its file',
  ),
  helm: nobody('it needs a cluster; test/client/kubernetes.test.ts checks the values'),
}

const startOf = (command: string): string | undefined =>
  Object.keys(RUNS).find((start) => command === start || command.startsWith(`${start} `))

/** Undefined: the table has no entry for the command. */
export const runOf = (command: string): Run | undefined => RUNS[startOf(command) ?? '']

/** Rows of the table that match none of these commands. */
export const unused = (commands: readonly string[]): string[] => {
  const used = new Set(commands.map(startOf))
  return Object.keys(RUNS).filter((start) => !used.has(start))
}
