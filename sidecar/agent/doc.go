// Package agent does the work of an edge node: it claims tasks, executes them, commits,
// delivers, reveals and opens. It may be killed at any time.
//
//	              chain lists it          inputs fetched     result journalled
//	claimed ──► assigned ──► preparing ──► running ──► executed ──► commit_sent
//	   │            ├ release inside the prepare window     │            │
//	   │            └ yielding, while programs are suspended│            │
//	   └ not drawn: released                                └ same salt  ▼
//	settled ◄── opened ◄── revealed ◄── delivered to the sink ◄──── committed
//
// One goroutine owns every assignment. In each block, it reads the chain's state, which always
// takes precedence over the journal, and sends everything that is due in one transaction.
// Fetching, executing, uploading and sending run concurrently with it and report their results
// as events. Everything is written to the journal before it is sent.
//
// Outputs are uploaded only after every replica of the round has committed, including auditors
// that may join it. Otherwise the operator of the sink could give the outputs to a node that has
// not committed yet.
//
// If the chain has accepted a result and its sink does not have it yet, the agent tries to
// deliver it until retention ends, also after restarts, and again when the requester asks for it
// on chain. The agent leaves draws to other nodes if the job's sink does not answer. Once there
// is a result, the agent commits to it whatever the state of the sink is, because the bond is at
// stake and the sink may be reachable again later.
//
// Once an assignment has a result, it uses a slot on the chain but nothing of the machine. The
// machine then runs the most urgent program next. Package bid decides which draws are entered,
// based on facts that the agent finds out.
//
// Heights are what a node says. The agent acts on a height only if the chain can have reached it
// since a height that was proven, or that it has believed before; no other height gets into the
// journal. A height that was believed and that a proof shows to be impossible is corrected.
//
// A chunk of several tasks is one assignment. A chunkRun executes its tasks one after the other
// and keeps a record per result in the assignment's folder. Outputs, manifests and records are
// written to the disk together, in this order: with the first result after a second, after many
// results, and at the end. A later run continues behind the last whole record. Before anything
// about a chunk leaves the machine, the records are read again and compared with the digest and
// the root in the journal. A node that is the only one to execute a chunk may commit to its first
// tasks: at its deadline, when it is paused or drained, if the machine fails, or if an audit would
// sample too many tasks.
//
// The agent's state is divided into types: view is what the chain last reported, and horizon bounds
// the heights that it may report; assignments,
// jobs and draws are what it has listed; sinks are the servers for results, and deliveries are
// the results that they have not taken yet; places are where programs run; outbox, proofs and
// receipts are the states of sending, of proving and of the search for receipts.
//
// While the owner has suspended the machine, programs stand still in mid-run and none begins.
// Everything else goes on: deadlines, proofs, reveals, deliveries, and the release of what cannot be
// prepared in time. An assignment that could not be finished by its commit deadline, even if the owner
// resumed now, is given up at once, so that its seat is drawn again early: released, or committed to as
// far as a chunk has results, or yielded if the yield is excused. It is in the phase yielding before
// the yield is sent, and its program does not run again. One that is neither is ended when its commit
// deadline passes, as if its program had been too slow.
//
// Fetched inputs stay in the cache for further tasks, also after a restart. The digest of a file is
// computed when the file arrives, and again after a day or if the file has changed.
//
// If a program has crashed the worker process in which it ran, the agent releases its assignment
// while a release has no cost. For a while, also after restarts, it leaves the program and the
// other jobs of its requester to other nodes. It does the same if the device of the tensors has failed
// in several executions of one task.
package agent
