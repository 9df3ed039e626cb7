// Package bid decides which open draws a node claims, and explains why it leaves the others.
//
// It does not use a clock, a connection or a goroutine. The agent reads the chain, the journal
// and the machine, and passes what it found to this package:
//
//	draws ──► Missing: the fact that a draw still lacks ──► the agent finds it out ─┐
//	  ▲                                                                             │
//	  └─────────────────────────────────────────────────────────────────────────────┘
//	Shortlist: what the owner wants and the machine can run, claims in doubt first, then lowest ranks
//	Choose:    as many of these as fit into the Room of the node
//
// SlotsFor says how many slots a node registers, and Turns in which order programs get places.
//
// Every draw is either claimed or left to other nodes for exactly one reason. A fact that costs
// a query is asked for only if the decision depends on it.
package bid
