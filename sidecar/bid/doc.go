// Package bid decides which open draws a node claims, and says why it leaves the others.
//
// It has no clock, no connection and no goroutine. The agent reads the chain, the journal
// and the machine, and hands over what it found:
//
//	draws ──► Missing: the fact that a draw still lacks ──► the agent finds it out ─┐
//	  ▲                                                                             │
//	  └─────────────────────────────────────────────────────────────────────────────┘
//	Shortlist: what the owner wants and the machine can run, lowest ranks first
//	Choose:    as many of these as fit into the Room of the node
//
// Every draw ends up either among the claims or among the draws that are left, with one
// reason. Facts that cost a query are asked for only when the decision depends on them.
package bid
