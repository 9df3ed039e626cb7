// Package simulation runs simulated chains to the end: hundreds of blocks of random messages
// of every kind, which are exported, imported and repeated. The tests need the build tag
// sims, because they take minutes: make test-sim. They drive testutil/sim, and x/*/simulation
// draws each module's messages.
package simulation
