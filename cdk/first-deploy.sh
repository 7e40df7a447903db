#!/bin/sh
# The first deployment into an account, `npm run deploy:first`. Whatever fails on its way can be deleted, and a second try
# does that by itself; what has succeeded is then protected, by a deployment that changes nothing else. What the account may
# have is looked at before either.
set -eu
cd "$(dirname "$0")/.."
cdk() {
  sh local/node.sh node_modules/.bin/cdk "$@"
}
sh local/node.sh client/quotas/before-deploy.ts "$@"
cdk deploy --all -c protect=no "$@"
cdk deploy --all "$@"
