#!/bin/sh
# `npm run deploy`: what the account may have is looked at first, so that what would fail never begins.
set -eu
cd "$(dirname "$0")/.."
sh local/node.sh client/quotas/before-deploy.ts "$@"
exec sh local/node.sh node_modules/.bin/cdk deploy --all "$@"
