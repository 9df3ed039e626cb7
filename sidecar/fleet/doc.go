// Package fleet lets an owner of several machines see all of their nodes from one of them.
//
// A node that listens for this (server.go) answers one question, how it is, to a caller with a token of
// its home (tokens.go). The answer is an overview.Snapshot; nothing can be changed there. It speaks TLS with a certificate of
// its home (certificate.go), which the other side knows by its fingerprint.
//
// The machine that looks has a list of nodes (list.go). It asks all of them at once, each within bounds of
// time and size (fetch.go), and puts first what needs attention (table.go). Answers of nodes are not trusted.
package fleet
