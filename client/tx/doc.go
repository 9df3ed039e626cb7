// Package tx makes transactions, signs and sends them, and finds out what became of them. It
// is the only package that hands a transaction to a node.
//
// A Draft and an account give the bytes of a transaction (draft.go). A Sender simulates,
// signs and broadcasts them (sender.go), and waits until a block holds them; it hands the
// same bytes over again to a node that was restarted (await.go). A Refusal says why the
// chain or a node did not take a transaction (refusal.go).
//
// Callers decide what a transaction may cost and what they do about a refusal.
package tx
