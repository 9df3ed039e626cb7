// Package documents reads the repository's pages like a stranger who believes every line:
// links lead somewhere; commands and their flags exist and accept their arguments; make
// targets, paths and REST addresses exist.
package documents
