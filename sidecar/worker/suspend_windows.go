package worker

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// suspendResume is the right to suspend and resume a process.
const suspendResume = 0x0800

// freeze stops a process. The job object lets a worker process have no child processes.
func (p *part) freeze() error { return p.call("NtSuspendProcess") }

// thaw continues what freeze has stopped.
func (p *part) thaw() error { return p.call("NtResumeProcess") }

// frozen reports true, because the call returns once all threads have stopped.
func (*part) frozen() bool { return true }

// call calls a function of the system that takes the handle of a process. Windows has no
// documented function that stops all threads of a process at once.
func (p *part) call(name string) error {
	handle, err := windows.OpenProcess(suspendResume, false, uint32(p.pid)) //nolint:gosec // positive
	if err != nil {
		return fmt.Errorf("cannot open the process: %w", err)
	}
	defer windows.CloseHandle(handle) //nolint:errcheck // nothing was written
	function := windows.NewLazySystemDLL("ntdll.dll").NewProc(name)
	if err := function.Find(); err != nil {
		return err
	}
	if status, _, _ := function.Call(uintptr(handle)); status != 0 {
		return fmt.Errorf("%s: %w", name, windows.NTStatus(status))
	}
	return nil
}
