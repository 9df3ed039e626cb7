//go:build !windows

package worker

import (
	"os"
	"os/exec"
)

// firstExtra is the descriptor after those of the three pipes that every process has.
const firstExtra = 3

// handed returns the descriptors that a process will have for files.
func handed(files []*os.File) ([]uintptr, error) {
	var list []uintptr
	for i := range files {
		list = append(list, uintptr(firstExtra+i))
	}
	return list, nil
}

// hand lets a process inherit files.
func hand(command *exec.Cmd, files []*os.File) { command.ExtraFiles = files }
