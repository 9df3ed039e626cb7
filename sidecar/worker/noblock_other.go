//go:build !unix

package worker

// noBlock is not needed on systems on which pipes do not have names in folders.
const noBlock = 0
