// Package systemtests runs whole networks of real binaries and breaks them. Its tests need
// the build tag system and the programs under build/: make test-system.
package systemtests
