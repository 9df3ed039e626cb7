// Package agent does the work of an edge node: it claims tasks, executes them,
// commits, delivers, reveals and opens, and survives being killed at any instant.
//
//	              chain lists it          inputs fetched     result journalled
//	claimed ──► assigned ──► preparing ──► running ──► executed ──► commit_sent
//	   │            └ release inside the prepare window     │            │
//	   └ not drawn: released                                └ same salt  ▼
//	settled ◄── opened ◄── revealed ◄── delivered to the sink ◄──── committed
//
// One goroutine owns every assignment. Each block it reads what the chain says of
// them, which always wins over the journal, and sends all that is due in one
// transaction. Fetching, executing, uploading and sending run beside it and
// report back as events. Nothing is sent that is not journalled before.
//
// Outputs are uploaded only once every replica of the round has committed, auditors
// that may join it among them: whoever runs the sink could otherwise hand them to
// one that has not.
//
// What the chain has accepted and the sink has not taken is tried until retention ends,
// over restarts, and again where the requester asks for it on chain. Draws of jobs whose
// sink does not answer are left to others; once there is a result it is committed
// whatever the sink does, for the bond is at stake and a sink may come back.
//
// From its result on an assignment holds a slot on the chain and nothing of the
// machine, which runs the most urgent program next. Which draws are entered is decided by
// package bid, on facts that the agent finds out.
//
// The agent keeps what belongs together in types of their own: view is what the chain has
// said last; assignments, jobs and draws are what it has listed; sinks are the servers that
// results go to, and deliveries what these have not taken; places are where programs run;
// outbox, proofs and receipts are where sending, proving and the search for receipts stand.
//
// A program that has ended the worker it ran in is given back while that costs nothing,
// and left to others for a while, over restarts, with its requester's other jobs.
package agent
