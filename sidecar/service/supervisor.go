package service

import (
	"context"
	"fmt"
)

// Supervisor is what runs services on an operating system.
type Supervisor interface {
	// Install plans the installation of a unit. It changes nothing. It fails if another service
	// has the unit's name.
	Install(ctx context.Context, u Unit) (Plan, error)
	// Uninstall plans the removal of what Install wrote. The plan is empty if nothing is installed.
	Uninstall(ctx context.Context) (Plan, error)
	// State looks at the service.
	State(ctx context.Context) (State, error)
	// Advice returns what the owner has to know after an installation; empty if nothing.
	Advice(ctx context.Context) string
	// Leaves says what an uninstallation leaves behind, other than the home; empty if nothing.
	Leaves() string
}

// State is what a supervisor knows about a service.
type State struct {
	// Path is the file of the service, or its name.
	Path string
	// Installed, Enabled and Running report whether it is there, starts by itself, and runs.
	Installed, Enabled, Running bool
	// Ours reports whether this package has installed it. Home and Exe are then what it runs.
	Ours      bool
	Home, Exe string
	// Is describes a service that does not run, such as "failed (exit-code)".
	Is string
	// Enable, Start and Logs are commands that cure and explain.
	Enable, Start, Logs string
}

// Report returns the state in one line and whether the service is well. A line of a service that
// is not well ends with what to do. health is called only if the service runs; it returns nil if
// the daemon is healthy.
func (s State) Report(health func() error) (string, bool) {
	switch {
	case !s.Installed:
		return "not installed; run thetaedge service install", false
	case !s.Running && !s.Enabled:
		return fmt.Sprintf("installed, not enabled, not running (%s); run %s and %s", s.Is, s.Enable, s.Start), false
	case !s.Running:
		return fmt.Sprintf("installed, enabled, not running (%s); see %s, then run %s", s.Is, s.Logs, s.Start), false
	}
	enabled := "enabled"
	if !s.Enabled {
		enabled = "not enabled"
	}
	if err := health(); err != nil {
		return fmt.Sprintf("installed, %s, running, not healthy: %v; see %s", enabled, err, s.Logs), false
	}
	if !s.Enabled {
		return fmt.Sprintf("installed, not enabled, running, healthy; it does not start with the machine: run %s", s.Enable), false
	}
	return "installed, enabled, running, healthy", true
}
