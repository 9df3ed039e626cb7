//go:build !unix

package worker

// noBlock is not needed where pipes have no names among files.
const noBlock = 0
