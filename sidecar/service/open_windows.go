package service

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc/mgr"
)

// SystemHome is the home of a service of the system, unless the owner names another one.
const SystemHome = `C:\ProgramData\thetaedge`

// DefaultAccount is empty, because Windows makes an account for each service.
const DefaultAccount = ""

// IsSystem reports whether this user installs services of the system: an administrator in a terminal as such.
func IsSystem() bool { return windows.GetCurrentProcessToken().IsElevated() }

// Open returns what runs the service on this system: the manager of services, or the Task Scheduler in the session of
// this user.
func Open(name string, system bool) (Supervisor, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if !system {
		return openTask(name)
	}
	return Windows{Name: name, Run: Execute}, nil
}

// Uses returns the services and the tasks of this user whose command is a program.
func Uses(exe string) ([]Use, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return nil, fmt.Errorf("cannot open the manager of services: %w", err)
	}
	defer windows.CloseServiceHandle(manager) //nolint:errcheck // nothing was written
	names, err := (&mgr.Mgr{Handle: manager}).ListServices()
	if err != nil {
		return nil, fmt.Errorf("cannot list the services of this machine: %w", err)
	}
	var uses []Use
	for _, name := range names {
		// The drivers and services of Windows that this user may not look at are none of this program.
		if use, is := usedBy(manager, name, exe); is {
			uses = append(uses, use)
		}
	}
	tasks, err := tasksThatUse(context.Background(), Execute, exe)
	return append(uses, tasks...), err
}

// usedBy looks at a service.
func usedBy(manager windows.Handle, name, exe string) (Use, bool) {
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return Use{}, false
	}
	handle, err := windows.OpenService(manager, text, windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return Use{}, false
	}
	defer windows.CloseServiceHandle(handle) //nolint:errcheck // nothing was written
	config, err := readConfig(handle)
	if err != nil {
		return Use{}, false
	}
	words, err := windows.DecomposeCommandLine(config.Command)
	if err != nil || len(words) == 0 || !strings.EqualFold(words[0], exe) && !sameProgram(words[0], exe) {
		return Use{}, false
	}
	from, ours := readMark(config.Description)
	return Use{Name: name, Path: "the service " + name, System: true, Ours: ours, Home: from.Home}, true
}
