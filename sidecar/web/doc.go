// Package web serves the dashboard: pages that show the owner of a machine what its node does, in
// a browser on the same machine.
//
// Four things keep others out. The server listens on loopback addresses only (server.go). It answers
// only requests for localhost or a loopback address, so that a web page that resolves its own name
// to this machine cannot read it (guard.go). Each page needs a cookie that a browser gets for a token
// which works once, and which only a process that may read the node's home can make (key.go,
// access.go). Each request that changes something needs a token of that cookie too, and must
// come from a page of this server (guard.go).
//
// Names of jobs, nodes and programs, errors of servers and lines of the log contain texts of strangers.
// Pages are therefore made with html/template only, and the browser is told to run no script and
// to use no style that is not a file of this package. All of these files are part of the binary; the
// pages load nothing from elsewhere.
//
// Each page is a handler and a template of its own. The texts are in strings/, a file for
// each language; what comes from the daemon or the chain is shown as it is, in English.
package web
