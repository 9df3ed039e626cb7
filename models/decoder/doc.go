// Package decoder executes converted models with the operations of the profile tensor/1. All of it
// is integer arithmetic, so that the same model and tokens give the same logits on every machine,
// in a program of the profile and natively. It does not read the tokenizer and does not choose
// tokens.
package decoder
