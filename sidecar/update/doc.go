// Package update keeps the program of a node up to date if its owner wishes so.
//
// The program that the owner has installed is never changed. Newer versions lie in the folder
// "versions" of the home, each in a folder of its own together with the signed manifest that names it.
// When the daemon starts, the installed program picks the chosen version, compares its bytes with the
// manifest and the manifest with the release keys, and runs it. A version is chosen by one write of
// the state, so that a process that is killed at any moment leaves the old version or the new one.
//
//	check ──► stage ──► choose ──► trial ──► confirmed
//	  │         │                    │
//	  │         │                    └ not healthy, or three starts: bad, and the version before it runs
//	  │         └ wrong bytes, full disk, does not run here: nothing changes
//	  └ older, replayed, expired, of another key, other bytes under a known version: nothing changes
//
// A daemon changes to another version only when it holds nothing: it stops claiming and ends what it
// has. If a version fails its trial, it is not tried again.
//
// The version before must be able to take over again. A release whose journal it could not read is
// not installed by itself, see release.Manifest.MinimumProtocol.
package update
