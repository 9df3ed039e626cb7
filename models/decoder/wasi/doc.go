// Package wasi binds the decoder to the import module theta_tensor_1, which gives a program of the
// profile tensor/1 its tensors. Everything in it is built for GOOS=wasip1 alone.
package wasi
