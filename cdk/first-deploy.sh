#!/bin/sh
# The first deployment into an account, `npm run deploy:first`. Whatever fails on its way can be deleted, and a second try
# does that by itself; what has succeeded is then protected, by a deployment that changes nothing else.
set -eu
cd "$(dirname "$0")/.."
cdk() {
  sh local/node.sh node_modules/.bin/cdk "$@"
}
cdk deploy -c protect=no "$@"
cdk deploy "$@"
