package container

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/versions"

	"github.com/thetaedge/theta/executor"
)

const (
	// oldestAPI is the oldest version of the Docker Engine API that this package is tested with, and
	// newestAPI the newest that it asks for.
	oldestAPI = "1.41"
	newestAPI = "1.48"
	// callTime bounds a call that an engine answers at once.
	callTime = 20 * time.Second
)

// engine is the connection to the engine.
type engine struct {
	socket string

	mu     sync.Mutex
	client *client.Client
	// about is what the engine has said about itself.
	about system.Info
}

// errGone means that the engine does not answer.
var errGone = fmt.Errorf("%w: the container engine does not answer", executor.ErrUnavailable)

// connect returns a client of an engine that isolates programs. It fails with ErrUnavailable.
func (e *engine) connect(ctx context.Context) (*client.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client != nil {
		return e.client, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	found, about, err := dial(ctx, e.socket)
	if err != nil {
		return nil, err
	}
	e.client, e.about = found, about
	return found, nil
}

// system returns what the engine has said about itself.
func (e *engine) system() system.Info {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.about
}

// forget has the next connect look at the engine again.
func (e *engine) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client != nil {
		_ = e.client.Close() // idle connections only
	}
	e.client = nil
}

// dial connects to an engine and finds out whether it can isolate a program.
func dial(ctx context.Context, socket string) (*client.Client, system.Info, error) {
	if runtime.GOOS != "linux" {
		return nil, system.Info{}, fmt.Errorf("%w: container images are run on Linux only, found %s", executor.ErrUnavailable, runtime.GOOS)
	}
	ask := func(version string) (*client.Client, error) {
		return client.New(client.WithHost(socket), client.WithVersion(version))
	}
	first, err := ask(oldestAPI)
	if err != nil {
		return nil, system.Info{}, fmt.Errorf("%w: container.socket: %w", executor.ErrUnavailable, err)
	}
	ping, err := first.Ping(ctx, client.PingOptions{})
	if err != nil {
		return nil, system.Info{}, errors.Join(fmt.Errorf("%w at %s: %w; start Docker or Podman, and let this user use its socket", errGone, socket, err), first.Close())
	}
	version := newestAPI
	switch {
	case ping.APIVersion != "" && versions.LessThan(ping.APIVersion, oldestAPI):
		return nil, system.Info{}, errors.Join(fmt.Errorf("%w: the container engine speaks version %s of the API, expected %s or newer; update it", executor.ErrUnavailable, ping.APIVersion, oldestAPI), first.Close())
	case ping.APIVersion == "":
		version = oldestAPI
	case versions.LessThan(ping.APIVersion, version):
		version = ping.APIVersion
	}
	c, err := ask(version)
	if err = errors.Join(err, first.Close()); err != nil {
		return nil, system.Info{}, fmt.Errorf("%w: %w", executor.ErrUnavailable, err)
	}
	info, err := c.Info(ctx, client.InfoOptions{})
	if err != nil {
		return nil, system.Info{}, errors.Join(fmt.Errorf("%w: %w", errGone, err), c.Close())
	}
	if err := isolates(info.Info); err != nil {
		return nil, system.Info{}, errors.Join(err, c.Close())
	}
	return c, info.Info, nil
}

// isolates reports what an engine lacks to keep a program within its limits.
func isolates(info system.Info) error {
	lacks := func(what, cure string) error {
		return fmt.Errorf("%w: the container engine %s; %s", executor.ErrUnavailable, what, cure)
	}
	seccomp := slices.ContainsFunc(info.SecurityOptions, func(option string) bool {
		return strings.HasPrefix(option, "name=seccomp") && !strings.Contains(option, "unconfined")
	})
	switch {
	case info.OSType != "" && info.OSType != "linux":
		return lacks("runs containers of "+info.OSType, "switch it to Linux containers")
	case !seccomp:
		return lacks("has no seccomp profile", "remove seccomp-profile=unconfined from its settings")
	case !info.MemoryLimit:
		return lacks("cannot limit memory", "enable the memory controller of control groups")
	case !info.PidsLimit:
		return lacks("cannot limit the number of processes", "enable the pids controller of control groups")
	case !info.CPUCfsQuota:
		return lacks("cannot limit the processor", "enable the cpu controller of control groups")
	}
	return nil
}

// has reports whether the engine has a security option such as "userns" or "rootless".
func has(info system.Info, option string) bool {
	return slices.ContainsFunc(info.SecurityOptions, func(found string) bool {
		return found == "name="+option || strings.HasPrefix(found, "name="+option+",")
	})
}

// called returns a context for a call that an engine answers at once.
func called(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, callTime)
}
