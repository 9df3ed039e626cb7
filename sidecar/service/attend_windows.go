package service

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

const (
	// beat is the pause between two signs of life while the daemon stops, and beatHint the time
	// after which Windows may take a service without one for dead.
	beat     = 5 * time.Second
	beatHint = 30 * time.Second
	// patience is how long one wait for an order to stop takes, and so the end of a daemon at most.
	patience = 200 * time.Millisecond
)

// Attend runs a daemon. If Windows has started it as a service, Attend answers Windows, writes the log
// into the home, and turns the order to stop into an interrupt. So it does with the orders of a Task if the Task
// Scheduler has started the daemon.
func Attend(name, home string, scheduled bool, stderr io.Writer, run func(log io.Writer, stops <-chan os.Signal) error) error {
	if scheduled {
		return attendTask(home, run)
	}
	service, err := isService()
	if err != nil || !service {
		return errors.Join(err, run(stderr, nil))
	}
	log, err := OpenLog(home)
	if err != nil {
		return err
	}
	d := &attended{run: run, log: log}
	err = svc.Run(name, d)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		// Another program with the name of the manager of services has started it.
		return errors.Join(log.Close(), run(stderr, nil))
	}
	return errors.Join(err, d.err, log.Close())
}

// attendTask runs a daemon that the Task Scheduler has started in the session of its user.
func attendTask(home string, run func(log io.Writer, stops <-chan os.Signal) error) (err error) {
	name, err := windows.UTF16PtrFromString(stopEvent(home))
	if err != nil {
		return err
	}
	// The event exists already if another daemon of this home runs, which the journal then tells.
	event, err := windows.CreateEvent(nil, 0, 0, name)
	if err != nil && !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return fmt.Errorf("cannot listen to orders to stop: %w", err)
	}
	log, err := OpenLog(home)
	if err != nil {
		return errors.Join(err, windows.CloseHandle(event))
	}
	stops, ended, listener := make(chan os.Signal, 2), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(listener)
		for {
			select {
			case <-ended:
				return
			default:
			}
			if is, err := windows.WaitForSingleObject(event, uint32(patience.Milliseconds())); err == nil && is == windows.WAIT_OBJECT_0 {
				select {
				case stops <- os.Interrupt:
				default: // it was told twice
				}
			}
		}
	}()
	err = run(log, stops)
	close(ended)
	<-listener
	if err != nil {
		_, _ = io.WriteString(log, "Error: "+err.Error()+"\n")
	}
	return errors.Join(err, log.Close(), windows.CloseHandle(event))
}

// isService reports whether the manager of services has started this process. The library asks for session 0
// too, which the services of containers and of Wine do not have.
func isService() (service bool, err error) {
	if service, err = svc.IsWindowsService(); service {
		return true, err
	}
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, windows.CloseHandle(snapshot)) }()
	names, parent := map[uint32]string{}, uint32(0)
	entry := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))} //nolint:gosec // a few hundred bytes
	for err = windows.Process32First(snapshot, &entry); err == nil; err = windows.Process32Next(snapshot, &entry) {
		names[entry.ProcessID] = windows.UTF16ToString(entry.ExeFile[:])
		if entry.ProcessID == windows.GetCurrentProcessId() {
			parent = entry.ParentProcessID
		}
	}
	if !errors.Is(err, windows.ERROR_NO_MORE_FILES) {
		return false, err
	}
	return strings.EqualFold(names[parent], "services.exe"), nil
}

// attended is a daemon that runs as a service of Windows.
type attended struct {
	run func(io.Writer, <-chan os.Signal) error
	log *LogFile
	err error
}

// Execute implements svc.Handler. Its exit code 1 makes Windows start the service again.
func (d *attended) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	const accepts = svc.AcceptStop | svc.AcceptShutdown
	stops, done := make(chan os.Signal, 2), make(chan error, 1)
	go func() { done <- d.run(d.log, stops) }()
	now := svc.Status{State: svc.Running, Accepts: accepts}
	status <- now
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case d.err = <-done:
			if d.err == nil {
				return false, 0
			}
			_, _ = io.WriteString(d.log, "Error: "+d.err.Error()+"\n")
			return true, 1
		case request := <-requests:
			switch request.Cmd {
			case svc.Interrogate:
				status <- now
			case svc.Stop, svc.Shutdown:
				if now.State == svc.Running {
					now = svc.Status{State: svc.StopPending, WaitHint: uint32(beatHint.Milliseconds())}
					stops <- os.Interrupt
				}
				status <- now
			}
		case <-ticker.C:
			if now.State == svc.StopPending {
				now.CheckPoint++
				status <- now
			}
		}
	}
}
