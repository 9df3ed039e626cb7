// Package windows sees that the program for Windows earns: it runs it under Wine, next to a network of
// native programs. Its tests have the build tag wine; scripts/windows.sh runs them.
package windows
