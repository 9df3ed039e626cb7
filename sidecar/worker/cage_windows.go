package worker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// cages creates the cages of workers on this machine.
type cages struct{}

func openCages(int) *cages { return &cages{} }

// cage is the part of a worker's protection that the daemon sets up: a job object. Windows
// ends all processes in it when its last handle closes, which happens at the latest when the
// daemon ends.
type cage struct {
	layers     []Layer
	namespaces bool
	job        windows.Handle
}

func (c *cages) make(_ string, cfg *Config, _ []string) (*cage, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot make a job object for a worker: %w", err)
	}
	made := &cage{job: job}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{ProcessMemoryLimit: uintptr(cfg.MemoryBytes)}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY |
		windows.JOB_OBJECT_LIMIT_ACTIVE_PROCESS | windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
	limits.BasicLimitInformation.ActiveProcessLimit = 1
	if cfg.Last {
		limits.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_PRIORITY_CLASS
		limits.BasicLimitInformation.PriorityClass = windows.IDLE_PRIORITY_CLASS
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	made.layers = append(made.layers, stands(LayerLifetime, "job object, kill on close", err),
		stands(LayerMemory, "job object, process memory", err))
	screen := windows.JOBOBJECT_BASIC_UI_RESTRICTIONS{UIRestrictionsClass: windows.JOB_OBJECT_UILIMIT_DESKTOP |
		windows.JOB_OBJECT_UILIMIT_DISPLAYSETTINGS | windows.JOB_OBJECT_UILIMIT_EXITWINDOWS | windows.JOB_OBJECT_UILIMIT_GLOBALATOMS |
		windows.JOB_OBJECT_UILIMIT_HANDLES | windows.JOB_OBJECT_UILIMIT_READCLIPBOARD | windows.JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS |
		windows.JOB_OBJECT_UILIMIT_WRITECLIPBOARD}
	_, uiErr := windows.SetInformationJobObject(job, windows.JobObjectBasicUIRestrictions,
		uintptr(unsafe.Pointer(&screen)), uint32(unsafe.Sizeof(screen)))
	made.layers = append(made.layers, stands(LayerLimits, "job object, one process, no desktop", errors.Join(err, uiErr)))
	return made, nil
}

// prepare sets how the process is started: without a window, and without any handle of the
// daemon except for its three pipes.
func (c *cage) prepare(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{
		HideWindow:    true,
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
	}
}

// enclose puts the process into the job object. The process does not run any program of a
// requester before it has received an order.
func (c *cage) enclose(process *os.Process) error {
	handle, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(process.Pid)) //nolint:gosec // positive
	if err != nil {
		return fmt.Errorf("cannot open the worker's process: %w", err)
	}
	defer windows.CloseHandle(handle) //nolint:errcheck // nothing was written
	if err := windows.AssignProcessToJobObject(c.job, handle); err != nil {
		return fmt.Errorf("cannot put the worker into its job object: %w", err)
	}
	return nil
}

func (c *cage) explain(how string) string { return how }

// open closes the job object, which ends all processes that are left in it.
func (c *cage) open() error { return windows.CloseHandle(c.job) }

func endGroup(int) {}

// usageOf returns the processor time. The job object bounds the memory.
func usageOf(pid int, _ *cage) (usage, bool) {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid)) //nolint:gosec // positive
	if err != nil {
		return usage{}, false
	}
	defer windows.CloseHandle(handle) //nolint:errcheck // read only
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(handle, &created, &exited, &kernel, &user); err != nil {
		return usage{}, false
	}
	ticks := func(f windows.Filetime) int64 { return int64(f.HighDateTime)<<32 | int64(f.LowDateTime) }
	return usage{processor: time.Duration(ticks(kernel)+ticks(user)) * 100}, true
}
