// Package format reads and writes the file of a converted model, which models/README.md specifies: a
// header that describes the model, and tensors of the profile tensor/1 at multiples of 4,096
// bytes, so that a program loads them into tensors without changing a byte.
package format
