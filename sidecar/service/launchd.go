package service

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// Launchd runs services on macOS.
type Launchd struct {
	// Name is the label of the service, and Dir the folder of its property list.
	Name, Dir string
	// System says that it belongs to the machine; otherwise it runs while the user UID is logged in.
	System bool
	UID    int
	// Accounts are those of this machine; only services of the system need them.
	Accounts Accounts
	Run      Run
}

func (l Launchd) path() string { return filepath.Join(l.Dir, l.Name+".plist") }

// domain is the part of launchd that runs the service, and target the service in it.
func (l Launchd) domain() string {
	if l.System {
		return "system"
	}
	return fmt.Sprintf("gui/%d", l.UID)
}

func (l Launchd) target() string { return l.domain() + "/" + l.Name }

func (l Launchd) command(arguments ...string) string {
	command := "launchctl " + strings.Join(arguments, " ")
	if l.System {
		return "sudo " + command
	}
	return command
}

// Install implements Supervisor. The account of a service of the system has to exist.
func (l Launchd) Install(ctx context.Context, u Unit) (Plan, error) {
	found, err := readInstalled(l.path())
	if err != nil {
		return nil, err
	}
	var plan Plan
	if l.System {
		if _, _, exists, err := l.Accounts.Lookup(u.Account); err != nil {
			return nil, fmt.Errorf("cannot look up the account %s: %w", u.Account, err)
		} else if !exists {
			return nil, fmt.Errorf("expected the account %s, found none; create it with sudo sysadminctl -addUser %s -roleAccount -UID 450, or choose another --account", u.Account, u.Account)
		}
		if plan, err = l.Accounts.prepare(u, l.Run); err != nil {
			return nil, err
		}
	}
	text, err := Plist(u)
	if err != nil {
		return nil, err
	}
	if err := found.admits(u); err != nil {
		return nil, err
	}
	was, err := l.State(ctx)
	if err != nil {
		return nil, err
	}
	cure := "see " + was.Logs
	enable := l.Run.step(cure, "launchctl", "enable", l.target())
	boot := l.Run.step(cure, "launchctl", "bootstrap", l.domain(), l.path())
	if found.Exists && found.Text == text && was.Running {
		return append(plan, enable), nil
	}
	reread := func(context.Context) error { return nil }
	if was.Enabled {
		// launchd reads a list only when it loads it.
		plan = append(plan, l.Run.step(cure, "launchctl", "bootout", l.target()))
		reread = func(ctx context.Context) error { return boot.Do(ctx) }
	}
	return append(plan, found.writeStep(text, reread), enable, boot), nil
}

// Uninstall implements Supervisor.
func (l Launchd) Uninstall(ctx context.Context) (Plan, error) {
	found, err := readInstalled(l.path())
	if err != nil || !found.Exists {
		return nil, err
	}
	if !found.Ours {
		return nil, fmt.Errorf("expected a service of thetaedge service install at %s, found a file that something else wrote; remove it in the way in which it was installed", found.Path)
	}
	state, err := l.State(ctx)
	if err != nil {
		return nil, err
	}
	var plan Plan
	if state.Enabled {
		plan = append(plan, l.Run.step("see "+state.Logs, "launchctl", "bootout", l.target()))
	}
	return append(plan, found.removeStep()), nil
}

// State implements Supervisor. A service is enabled if launchd has loaded it.
func (l Launchd) State(ctx context.Context) (State, error) {
	state := State{
		Path: l.path(), Is: "not loaded", Logs: "the file " + logName + " in its home",
		Enable: l.command("bootstrap", l.domain(), l.path()), Start: l.command("kickstart", l.target()),
	}
	found, err := readInstalled(l.path())
	if err != nil || !found.Exists {
		return state, err
	}
	state.Installed, state.Ours, state.Home, state.Exe = true, found.Ours, found.Origin.Home, found.Origin.Exe
	out, err := l.Run(ctx, "launchctl", "print", l.target())
	if err != nil {
		// launchctl has one status for a service that is not loaded and for its other errors.
		return state, nil //nolint:nilerr // not loaded
	}
	state.Enabled, state.Is = true, "loaded"
	for line := range strings.Lines(out) {
		if is, found := strings.CutPrefix(strings.TrimSpace(line), "state = "); found {
			state.Is, state.Running = is, is == "running"
			break
		}
	}
	return state, nil
}

// Advice implements Supervisor.
func (l Launchd) Advice(context.Context) string {
	if l.System {
		return "the log: the file " + logName + " in its home"
	}
	return "the log: the file " + logName + " in its home\nthe service ends when you log out, which can cost bond; sudo thetaedge service install makes one of the machine"
}

// Leaves implements Supervisor.
func (l Launchd) Leaves() string {
	if l.System {
		return "the account that owns the home"
	}
	return ""
}
