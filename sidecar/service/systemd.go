package service

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// Systemd runs services on Linux.
type Systemd struct {
	// Name is that of the service, and Dir the folder of its unit.
	Name, Dir string
	// System says that the manager of the system runs it, and not that of User.
	System bool
	User   string
	// Accounts are those of this machine; only services of the system need them.
	Accounts Accounts
	Run      Run
}

func (s Systemd) path() string { return filepath.Join(s.Dir, s.Name+".service") }

// arguments returns arguments of systemctl.
func (s Systemd) arguments(arguments ...string) []string {
	if s.System {
		return arguments
	}
	return append([]string{"--user"}, arguments...)
}

// command returns a command for the owner to type.
func (s Systemd) command(arguments ...string) string {
	command := "systemctl " + strings.Join(s.arguments(arguments...), " ")
	if s.System {
		return "sudo " + command
	}
	return command
}

func (s Systemd) logs() string {
	if s.System {
		return "sudo journalctl -u " + s.Name
	}
	return "journalctl --user -u " + s.Name
}

// step returns a step of systemctl, with another one that takes it back.
func (s Systemd) step(undo []string, arguments ...string) Step {
	cure := "see " + s.logs()
	if !s.System {
		cure += "; if systemctl finds no bus, log in as " + s.User + " itself instead of with su or sudo, or set XDG_RUNTIME_DIR=/run/user/UID"
	}
	step := s.Run.step(cure, "systemctl", s.arguments(arguments...)...)
	if undo != nil {
		step.Undo = func(ctx context.Context) error {
			_, err := s.Run(ctx, "systemctl", s.arguments(undo...)...)
			return err
		}
	}
	return step
}

func (s Systemd) reload(ctx context.Context) error {
	_, err := s.Run(ctx, "systemctl", s.arguments("daemon-reload")...)
	return err
}

// Install implements Supervisor.
func (s Systemd) Install(ctx context.Context, u Unit) (Plan, error) {
	found, err := readInstalled(s.path())
	if err != nil {
		return nil, err
	}
	// Without a manager that answers, nothing is begun.
	plan := Plan{s.step(nil, "show", "--property=Version")}
	if s.System {
		if err := s.reachable(u); err != nil {
			return nil, err
		}
		u.Groups = s.Accounts.graphics()
		accounts, err := s.Accounts.prepare(u, s.Run)
		if err != nil {
			return nil, err
		}
		plan = append(plan, accounts...)
	}
	text, err := UnitFile(u)
	if err != nil {
		return nil, err
	}
	if err := found.admits(u); err != nil {
		return nil, err
	}
	unit := s.Name + ".service"
	if found.Exists && found.Text == text {
		return append(plan, s.step(nil, "daemon-reload"), s.step(nil, "enable", unit), s.step(nil, "start", unit)), nil
	}
	was, err := s.State(ctx)
	if err != nil {
		return nil, err
	}
	enable, start := s.step([]string{"disable", unit}, "enable", unit), s.step([]string{"stop", unit}, "restart", unit)
	if was.Enabled {
		enable.Undo = nil
	}
	reread := s.reload
	if was.Running {
		start.Undo = nil
		reread = func(ctx context.Context) error {
			if err := s.reload(ctx); err != nil {
				return err
			}
			_, err := s.Run(ctx, "systemctl", s.arguments("restart", unit)...)
			return err
		}
	}
	return append(plan, found.writeStep(text, reread), s.step(nil, "daemon-reload"), enable, start), nil
}

// reachable refuses what a unit of the system hides from its account.
func (s Systemd) reachable(u Unit) error {
	for _, hidden := range []string{"/home", "/root", "/run/user", "/tmp", "/var/tmp"} {
		if strings.HasPrefix(u.Exe, hidden+"/") {
			return fmt.Errorf("expected the program where the account %s can execute it, found %s; run sudo install -m 0755 %s /usr/local/bin/thetaedge, and install the service with that", u.Account, u.Exe, u.Exe)
		}
		if strings.HasPrefix(u.Home, hidden+"/") {
			return fmt.Errorf("expected a home outside of %s, which the service does not see, found %s; stop the daemon of that home, move the home to /var/lib/thetaedge, and install with --home /var/lib/thetaedge", hidden, u.Home)
		}
	}
	return nil
}

// Uninstall implements Supervisor.
func (s Systemd) Uninstall(context.Context) (Plan, error) {
	found, err := readInstalled(s.path())
	if err != nil || !found.Exists {
		return nil, err
	}
	if !found.Ours {
		return nil, fmt.Errorf("expected a service of thetaedge service install at %s, found a file that something else wrote; remove it in the way in which it was installed", found.Path)
	}
	unit := s.Name + ".service"
	forget := s.step(nil, "reset-failed", unit)
	do := forget.Do
	forget.Do = func(ctx context.Context) error {
		// systemd may have forgotten the unit already, which is an error to it.
		_ = do(ctx)
		return nil
	}
	return Plan{s.step(nil, "disable", "--now", unit), found.removeStep(), s.step(nil, "daemon-reload"), forget}, nil
}

// State implements Supervisor.
func (s Systemd) State(ctx context.Context) (State, error) {
	unit := s.Name + ".service"
	state := State{
		Path: s.path(), Is: "unknown", Logs: s.logs(),
		Enable: s.command("enable", unit), Start: s.command("restart", unit),
	}
	found, err := readInstalled(s.path())
	if err != nil {
		return state, err
	}
	state.Installed, state.Ours, state.Home, state.Exe = found.Exists, found.Ours, found.Origin.Home, found.Origin.Exe
	if !found.Exists {
		return state, nil
	}
	out, err := s.Run(ctx, "systemctl", s.arguments("show", unit, "--property=UnitFileState,ActiveState,SubState,Result")...)
	if err != nil {
		return state, fmt.Errorf("cannot ask systemd about %s: %w; it has to be the first process of this machine, and for a service of a user XDG_RUNTIME_DIR has to be set", unit, err)
	}
	property := map[string]string{}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		property[key] = value
	}
	state.Enabled = property["UnitFileState"] == "enabled"
	state.Running = property["ActiveState"] == "active" || property["ActiveState"] == "reloading"
	state.Is = property["ActiveState"]
	switch {
	case property["SubState"] == "auto-restart":
		state.Is = "it failed and is started again (" + property["Result"] + ")"
	case property["Result"] == "start-limit-hit":
		state.Is = "it failed too often and is not started any more"
		state.Start = s.command("reset-failed", unit) + " and " + state.Start
	case property["Result"] != "" && property["Result"] != "success":
		state.Is += " (" + property["Result"] + ")"
	}
	return state, nil
}

// Advice implements Supervisor.
func (s Systemd) Advice(ctx context.Context) string {
	if s.System {
		return "the log: " + s.logs() + " -f"
	}
	out, err := s.Run(ctx, "loginctl", "show-user", s.User, "--property=Linger")
	if err == nil && strings.TrimSpace(out) == "Linger=yes" {
		return "the log: " + s.logs() + " -f"
	}
	return "the log: " + s.logs() + " -f\nthe service ends when you log out, which can cost bond; to let it run without you: sudo loginctl enable-linger " + s.User
}

// Leaves implements Supervisor.
func (s Systemd) Leaves() string {
	if !s.System {
		return "drop-ins of systemctl --user edit, if you made any"
	}
	return "the account that owns the home, and drop-ins of systemctl edit, if you made any"
}
