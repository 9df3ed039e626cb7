// Package fixed is the arithmetic of the profile tensor/1: numbers of 32 bits, products and
// sums of 64 bits, and scales. Everything is defined for all bit patterns, and nothing fails.
// docs/profiles/tensor-1.md gives the meaning of each function.
package fixed
