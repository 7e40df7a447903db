#!/bin/sh
# Deploys the stacks into an account for the first time (`npm run deploy:first`). Checks the account first. Then deploys without
# protection, so that a failed deployment can be deleted; a second try deletes it by itself. After a success, a second
# deployment only adds the protection.
set -eu
cd "$(dirname "$0")/.."
cdk() {
  sh local/node.sh node_modules/.bin/cdk "$@"
}
sh local/node.sh client/quotas/before-deploy.ts "$@"
cdk deploy --all -c protect=no "$@"
cdk deploy --all "$@"
