// Package overview says on one page how a node is: what it does, why, what it has earned, what it
// has on the chain, and how its machine is. Alerts, metrics and the owner's other machines read it.
//
// A Snapshot contains texts of strangers and numbers that a node of the chain has reported. Clean
// bounds them; what comes from another machine is cleaned before it is used.
package overview
