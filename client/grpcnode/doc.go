// Package grpcnode connects to the gRPC endpoint of a node of the chain. It bounds the time
// and the size of answers, refuses answers that would crash a program, and says in which way
// a call has failed.
package grpcnode
