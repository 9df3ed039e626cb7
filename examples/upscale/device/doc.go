// Package device gives a network the operations of the profile tensor/1: those of the sandbox in
// a program that was compiled to wasm, and those of the processor otherwise.
package device
