#!/bin/sh
# Deploys the stacks (`npm run deploy`). Checks the account first, so that a deployment that would fail does not start.
set -eu
cd "$(dirname "$0")/.."
sh local/node.sh client/quotas/before-deploy.ts "$@"
exec sh local/node.sh node_modules/.bin/cdk deploy --all "$@"
