package worker

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// handed returns the handles that a process will have for files.
func handed(files []*os.File) ([]uintptr, error) {
	var list []uintptr
	for _, f := range files {
		handle := f.Fd()
		if err := windows.SetHandleInformation(windows.Handle(handle), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
			return nil, fmt.Errorf("cannot hand a pipe to a process: %w", err)
		}
		list = append(list, handle)
	}
	return list, nil
}

// hand lets a process inherit files, and no other handle.
func hand(command *exec.Cmd, files []*os.File) {
	for _, f := range files {
		command.SysProcAttr.AdditionalInheritedHandles = append(command.SysProcAttr.AdditionalInheritedHandles, syscall.Handle(f.Fd()))
	}
}

// enlarge does nothing: the system chooses the size of pipes.
func enlarge(*os.File) {}
