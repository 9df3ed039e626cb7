// Package simulation runs simulated chains to the end: hundreds of blocks of
// random messages of every kind, exported, imported and repeated. The tests need
// the build tag sims, because they take minutes: make test-sim. What they drive
// is testutil/sim, and each module's messages are drawn in x/*/simulation.
package simulation
