package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// administrator is the cure of a refusal.
const administrator = "use a terminal of an administrator"

// Windows runs services on Windows.
type Windows struct {
	Name string
	Run  Run
}

// account is the virtual account of the service. Windows makes it with the service, and it has no
// rights other than those that it is given.
func (w Windows) account() string { return `NT SERVICE\` + w.Name }

// command is the command line of a unit.
func (w Windows) command(u Unit) string {
	return windows.ComposeCommandLine([]string{u.Exe, "start", "--home", u.Home})
}

// config is how Windows runs a unit.
func (w Windows) config(u Unit) mgr.Config {
	return mgr.Config{
		StartType: mgr.StartAutomatic, DelayedAutoStart: true, ErrorControl: mgr.ErrorNormal,
		ServiceStartName: w.account(), DisplayName: "Theta Edge node", Description: u.mark(),
		SidType: windows.SERVICE_SID_TYPE_UNRESTRICTED,
	}
}

// full is config with the command line, which a change of a service needs.
func (w Windows) full(u Unit) mgr.Config {
	config := w.config(u)
	config.ServiceType, config.BinaryPathName = windows.SERVICE_WIN32_OWN_PROCESS, w.command(u)
	return config
}

// plain leaves out of a configuration what a manager of services may not know.
func plain(config mgr.Config) mgr.Config {
	config.DelayedAutoStart, config.SidType = false, windows.SERVICE_SID_TYPE_NONE
	return config
}

// known leaves out the error of a manager of services that does not know an option, as that of Wine. A
// service works without any of those options that are asked for in this way.
func known(err error) error {
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) {
		return nil
	}
	return err
}

// found is a service that is installed.
type found struct {
	exists, ours bool
	origin       origin
	// automatic reports whether it starts with the machine.
	automatic bool
	status    svc.Status
}

// look calls a function with the service, or with nil if there is none. Every user may look.
func (w Windows) look(do func(*mgr.Service) error) error {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return fmt.Errorf("cannot open the manager of services: %w", err)
	}
	defer windows.CloseServiceHandle(manager) //nolint:errcheck // nothing was written
	name, err := windows.UTF16PtrFromString(w.Name)
	if err != nil {
		return err
	}
	service, err := windows.OpenService(manager, name, windows.SERVICE_QUERY_CONFIG|windows.SERVICE_QUERY_STATUS)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return do(nil)
	}
	if err != nil {
		return fmt.Errorf("cannot look at the service %s: %w; use a terminal of an administrator", w.Name, err)
	}
	defer windows.CloseServiceHandle(service) //nolint:errcheck // nothing was written
	return do(&mgr.Service{Name: w.Name, Handle: service})
}

// connect calls a function with the manager of services, and with the service if it exists. Only
// administrators may.
func (w Windows) connect(do func(*mgr.Mgr, *mgr.Service) error) error {
	manager, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("cannot open the manager of services: %w; use a terminal of an administrator", err)
	}
	defer manager.Disconnect() //nolint:errcheck // nothing was written
	service, err := manager.OpenService(w.Name)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return do(manager, nil)
	}
	if err != nil {
		return fmt.Errorf("cannot open the service %s: %w; use a terminal of an administrator", w.Name, err)
	}
	defer service.Close() //nolint:errcheck // nothing was written
	return do(manager, service)
}

func (w Windows) find() (f found, err error) {
	err = w.look(func(service *mgr.Service) error {
		if service == nil {
			return nil
		}
		f.exists = true
		config, err1 := readConfig(service.Handle)
		status, err2 := service.Query()
		f.automatic, f.status = config.StartType == mgr.StartAutomatic, status
		f.origin, f.ours = readMark(config.Description)
		return errors.Join(err1, err2)
	})
	return f, err
}

// Install implements Supervisor.
func (w Windows) Install(_ context.Context, u Unit) (Plan, error) {
	u.System, u.Account = false, ""
	if err := u.Validate(); err != nil {
		return nil, err
	}
	f, err := w.find()
	if err != nil {
		return nil, err
	}
	at := installed{Path: "the service " + w.Name, Exists: f.exists, Ours: f.ours, Origin: f.origin}
	if err := at.admits(u); err != nil {
		return nil, err
	}
	return Plan{w.create(u, f.exists), w.grant(u.Home, "(OI)(CI)F", f.exists), w.grant(u.Exe, "RX", f.exists), w.start(u)}, nil
}

// grant returns the step that lets the account use a file or folder. The account would be kept out of the
// folder of a user, to which programs are downloaded.
func (w Windows) grant(path, rights string, exists bool) Step {
	step := w.Run.step(administrator, "icacls", path, "/grant", w.account()+":"+rights)
	if !exists {
		step.Undo = w.withdraw(path).Do
	}
	return step
}

// withdraw returns the step that takes the rights of the account away.
func (w Windows) withdraw(path string) Step {
	step := w.Run.step(administrator, "icacls", path, "/remove", w.account())
	remove := step.Do
	step.Do = func(ctx context.Context) error {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil // the owner has removed it already
		}
		return remove(ctx)
	}
	return step
}

// create returns the step that makes or updates the service.
func (w Windows) create(u Unit, exists bool) Step {
	step := Step{
		Says: "create the service " + w.Name, Text: w.command(u) + "\nas " + w.account() + "\n",
		Cure: administrator,
		Do: func(context.Context) error {
			return w.connect(func(manager *mgr.Mgr, service *mgr.Service) error {
				if service == nil {
					made, err := manager.CreateService(w.Name, u.Exe, plain(w.config(u)), "start", "--home", u.Home)
					if err != nil {
						return err
					}
					defer made.Close() //nolint:errcheck // nothing was written
					service = made
				}
				if err := known(service.UpdateConfig(w.full(u))); err != nil {
					return err
				}
				// It is started again after a failure, later each time, and the count begins anew
				// after an hour.
				again := []mgr.RecoveryAction{
					{Type: mgr.ServiceRestart, Delay: 10 * time.Second},
					{Type: mgr.ServiceRestart, Delay: time.Minute},
					{Type: mgr.ServiceRestart, Delay: 2 * time.Minute},
				}
				return errors.Join(known(service.SetRecoveryActions(again, 3600)), known(service.SetRecoveryActionsOnNonCrashFailures(true)))
			})
		},
	}
	if !exists {
		step.Undo = func(context.Context) error { return w.delete() }
	}
	return step
}

func (w Windows) start(u Unit) Step {
	return Step{
		Says: "start the service " + w.Name, Cure: "see " + u.Home + `\` + logName,
		Do: func(context.Context) error {
			return w.connect(func(_ *mgr.Mgr, service *mgr.Service) error {
				if service == nil {
					return fmt.Errorf("expected the service %s, found none", w.Name)
				}
				if err := service.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
					return err
				}
				return nil
			})
		},
	}
}

func (w Windows) delete() error {
	return w.connect(func(_ *mgr.Mgr, service *mgr.Service) error {
		if service == nil {
			return nil
		}
		return service.Delete()
	})
}

// stop tells the daemon to stop, and waits until it has.
func (w Windows) stop(ctx context.Context) error {
	return w.connect(func(_ *mgr.Mgr, service *mgr.Service) error {
		if service == nil {
			return nil
		}
		status, err := service.Query()
		if err == nil && status.State == svc.Running {
			status, err = service.Control(svc.Stop)
		}
		for err == nil && status.State != svc.Stopped {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
			}
			status, err = service.Query()
		}
		return err
	})
}

// Uninstall implements Supervisor.
func (w Windows) Uninstall(context.Context) (Plan, error) {
	f, err := w.find()
	if err != nil || !f.exists {
		return nil, err
	}
	if !f.ours {
		return nil, fmt.Errorf("expected a service of thetaedge service install, found %s of something else; remove it in the way in which it was installed", w.Name)
	}
	return Plan{
		{Says: "stop the service " + w.Name, Do: w.stop, Cure: administrator},
		w.withdraw(f.origin.Home),
		w.withdraw(f.origin.Exe),
		{Says: "delete the service " + w.Name, Do: func(context.Context) error { return w.delete() }},
	}, nil
}

// State implements Supervisor.
func (w Windows) State(context.Context) (State, error) {
	state := State{
		Path: "the service " + w.Name, Is: "stopped",
		Enable: "sc config " + w.Name + " start= delayed-auto", Start: "sc start " + w.Name, Logs: logName + " in its home",
	}
	f, err := w.find()
	if err != nil || !f.exists {
		return state, err
	}
	state.Installed, state.Ours, state.Home, state.Exe = true, f.ours, f.origin.Home, f.origin.Exe
	state.Enabled, state.Running = f.automatic, f.status.State == svc.Running
	if f.status.State != svc.Running && f.status.State != svc.Stopped {
		state.Is = "starting or stopping"
	}
	if f.status.Win32ExitCode != 0 {
		state.Is = strings.TrimSpace(fmt.Sprintf("%s, status %d", state.Is, f.status.Win32ExitCode))
	}
	return state, nil
}

// Advice implements Supervisor.
func (w Windows) Advice(context.Context) string {
	return "the log: " + logName + " in the home; the service has the account " + w.account() + `
it sees neither keyboard and mouse nor full-screen programs, nor graphics cards on most machines: for rules about them,
or for tasks on a card, uninstall it and install it in a terminal that is not one of an administrator, which lets it run
in your session`
}

// Leaves implements Supervisor.
func (w Windows) Leaves() string { return "" }
