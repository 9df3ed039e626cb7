package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

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

// found is a service that is installed.
type found struct {
	exists, ours bool
	origin       origin
	config       mgr.Config
	status       svc.Status
}

// connect calls a function with the manager of services, and with the service if it exists.
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
	err = w.connect(func(_ *mgr.Mgr, service *mgr.Service) error {
		if service == nil {
			return nil
		}
		f.exists = true
		var err1, err2 error
		f.config, err1 = service.Config()
		f.status, err2 = service.Query()
		f.origin, f.ours = readMark(f.config.Description)
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
	grant := w.Run.step("use a terminal of an administrator", "icacls", u.Home, "/grant", w.account()+":(OI)(CI)F")
	grant.Undo = func(ctx context.Context) error {
		_, err := w.Run(ctx, "icacls", u.Home, "/remove", w.account())
		return err
	}
	if f.exists {
		grant.Undo = nil
	}
	return Plan{w.create(u, f.exists), grant, w.start(u)}, nil
}

// create returns the step that makes or updates the service.
func (w Windows) create(u Unit, exists bool) Step {
	step := Step{
		Says: "create the service " + w.Name, Text: w.command(u) + "\nas " + w.account() + "\n",
		Cure: "use a terminal of an administrator",
		Do: func(context.Context) error {
			return w.connect(func(manager *mgr.Mgr, service *mgr.Service) error {
				if service == nil {
					made, err := manager.CreateService(w.Name, u.Exe, w.config(u), "start", "--home", u.Home)
					if err != nil {
						return err
					}
					defer made.Close() //nolint:errcheck // nothing was written
					service = made
				}
				// It is started again after a failure, later each time, and the count begins anew
				// after an hour.
				again := []mgr.RecoveryAction{
					{Type: mgr.ServiceRestart, Delay: 10 * time.Second},
					{Type: mgr.ServiceRestart, Delay: time.Minute},
					{Type: mgr.ServiceRestart, Delay: 2 * time.Minute},
				}
				return errors.Join(service.SetRecoveryActions(again, 3600), service.SetRecoveryActionsOnNonCrashFailures(true))
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
		{Says: "stop the service " + w.Name, Do: w.stop, Cure: "use a terminal of an administrator"},
		w.Run.step("use a terminal of an administrator", "icacls", f.origin.Home, "/remove", w.account()),
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
	state.Enabled, state.Running = f.config.StartType == mgr.StartAutomatic, f.status.State == svc.Running
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
	return "the log: " + logName + " in the home; the service has the account " + w.account()
}

// Leaves implements Supervisor.
func (w Windows) Leaves() string { return "" }
