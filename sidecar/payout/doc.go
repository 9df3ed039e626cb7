// Package payout has the earnings of a node's operator paid when they are worth the fee. Where they go is a
// rule on the chain, which only the operator's key can change.
//
// A collection may be repeated: a second one finds nothing to pay. The file of the package therefore only keeps
// the node from trying more often than once a day, and it is written before anything is sent.
package payout
