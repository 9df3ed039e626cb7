//go:build !wasmtime

// Package bigstack runs a function on a thread with a stack of a given size. It is
// in builds with the tag wasmtime.
package bigstack
