// Package table holds the tables of the profile tensor/1 as numbers. The program in generate
// derived them once; a test of it derives them again. The digests are in
// docs/profiles/tensor-1.md.
package table

//go:generate go run ./generate
