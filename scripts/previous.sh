#!/usr/bin/env bash
# Builds the thetad of the last release before this commit as build/bin/thetad-previous, from which the
# test of upgrades starts, and keeps beside it which upgrades that binary knows. Says so if there is no
# release yet, and removes both.
# Usage: scripts/previous.sh
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/build/bin/thetad-previous
tree=build/previous
rm -f "$out" "$out.plans"

here=$(git tag --points-at HEAD 2>/dev/null | sed 's/^/--exclude=/' || true) # this commit is not its own past
# shellcheck disable=SC2086
if ! tag=$(git describe --tags --abbrev=0 --match 'v*' $here 2>/dev/null); then
  echo "no release tag (v*) leads to this commit: the upgrade from the last release is not tested"
  exit 0
fi
clean() {
  git worktree remove --force "$tree" 2>/dev/null || rm -rf "$tree"
  git worktree prune
}
clean
trap clean EXIT
echo "building thetad of $tag, from which an upgrade is tested"
git worktree add --quiet --detach "$tree" "$tag"
mkdir -p build/bin
(cd "$tree" && go build -ldflags "-X github.com/cosmos/cosmos-sdk/version.Version=$tag" -o "$out" ./cmd/thetad)
cp "$tree/app/upgrades_plans.go" "$out.plans"
