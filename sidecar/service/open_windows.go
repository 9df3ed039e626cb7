package service

import "golang.org/x/sys/windows"

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
