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
// Outputs are uploaded only once every replica of the round has committed:
// whoever runs the sink could otherwise hand them to a replica that has not.
package agent
