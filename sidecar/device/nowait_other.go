//go:build !unix

package device

// noWait is not needed on systems on which pipes do not have names in folders.
const noWait = 0
