// Package documents reads the repository's pages as a stranger does, who believes
// every line: a link leads somewhere, a command and its flags are there and take what
// they are given, a make target, a path and a REST address exist.
package documents
