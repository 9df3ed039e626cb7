// Package upscaletest makes small networks for tests, computes networks in floating-point
// numbers in the plainest way, and compares pictures.
package upscaletest
