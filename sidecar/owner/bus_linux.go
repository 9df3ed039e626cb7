package owner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus"
)

// bus asks services over D-Bus. It keeps its connection, and opens another one after an error.
type bus struct {
	// addresses returns the addresses of the bus, separated by semicolons.
	addresses func() string

	mu   sync.Mutex
	conn *dbus.Conn
}

// systemBus is the bus on which logind and NetworkManager answer, and sessionBus that of the
// owner's session.
func systemBus(getenv func(string) string) *bus {
	return &bus{addresses: func() string {
		if address := getenv("DBUS_SYSTEM_BUS_ADDRESS"); address != "" {
			return address
		}
		return "unix:path=/run/dbus/system_bus_socket;unix:path=/var/run/dbus/system_bus_socket"
	}}
}

func sessionBus(getenv func(string) string) *bus {
	return &bus{addresses: func() string {
		if address := getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
			return address
		}
		folder := getenv("XDG_RUNTIME_DIR")
		if folder == "" {
			folder = "/run/user/" + strconv.Itoa(os.Getuid())
		}
		return "unix:path=" + folder + "/bus"
	}}
}

// call calls a method and stores its answers. The service is not started if it does not run.
func (b *bus) call(ctx context.Context, service, path, method string, args []any, answers ...any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn == nil {
		conn, err := dialBus(ctx, b.addresses())
		if err != nil {
			return err
		}
		b.conn = conn
	}
	call := b.conn.Object(service, dbus.ObjectPath(path)).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...)
	if call.Err == nil {
		return call.Store(answers...)
	}
	var refused dbus.Error
	if !errors.As(call.Err, &refused) {
		// The connection is broken, or its bus hangs.
		_ = b.conn.Close()
		b.conn = nil
	}
	return call.Err
}

// close ends the connection, if there is one.
func (b *bus) close() (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil {
		err, b.conn = b.conn.Close(), nil
	}
	return err
}

// property reads a property of an interface of a service into answer.
func (b *bus) property(ctx context.Context, service, path, of, name string, answer any) error {
	var found dbus.Variant
	if err := b.call(ctx, service, path, "org.freedesktop.DBus.Properties.Get", []any{of, name}, &found); err != nil {
		return err
	}
	if err := dbus.Store([]any{found.Value()}, answer); err != nil {
		return fmt.Errorf("%s of %s: %w", name, service, err)
	}
	return nil
}

// dialBus connects to the first address that answers. A bus that hangs ends the connection when ctx
// ends.
func dialBus(ctx context.Context, addresses string) (*dbus.Conn, error) {
	var errs []error
	for address := range strings.SplitSeq(addresses, ";") {
		path, err := socketOf(address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		open, err := greet(ctx, conn)
		if err == nil {
			return open, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", path, err))
	}
	return nil, fmt.Errorf("no message bus answers: %w", join(errs))
}

// socketOf returns the path of the socket in an address of D-Bus.
func socketOf(address string) (string, error) {
	kind, values, _ := strings.Cut(address, ":")
	for value := range strings.SplitSeq(values, ",") {
		if path, found := strings.CutPrefix(value, "path="); found && kind == "unix" {
			return path, nil
		}
		if name, found := strings.CutPrefix(value, "abstract="); found && kind == "unix" {
			return "@" + name, nil
		}
	}
	return "", fmt.Errorf("expected an address such as unix:path=/run/dbus/system_bus_socket, found %.80q", address)
}

// greet introduces this process to a bus. The deadline of ctx bounds that, and is then lifted.
func greet(ctx context.Context, conn net.Conn) (*dbus.Conn, error) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		deadline = time.Now().Add(readLimit)
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	open, err := dbus.NewConn(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := open.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Getuid()))}); err != nil {
		return nil, errors.Join(err, open.Close())
	}
	if err := open.Hello(); err != nil {
		return nil, errors.Join(err, open.Close())
	}
	return open, conn.SetDeadline(time.Time{})
}

// metered asks NetworkManager whether data costs money.
func (b *bus) metered(ctx context.Context) (bool, error) {
	const service = "org.freedesktop.NetworkManager"
	var found uint32
	if err := b.property(ctx, service, "/org/freedesktop/NetworkManager", service, "Metered", &found); err != nil {
		return false, fmt.Errorf("NetworkManager: %w", err)
	}
	// NMMetered: unknown, yes, no, guess-yes and guess-no.
	switch found {
	case 1, 3:
		return true, nil
	case 2, 4:
		return false, nil
	}
	return false, fmt.Errorf("NetworkManager does not know whether the network is metered (%d)", found)
}

// logindIdle asks logind since when all sessions are idle. Desktops tell logind only some minutes
// after the last use.
func (b *bus) logindIdle(ctx context.Context, now time.Time) (Activity, error) {
	const service, path, of = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
	var idle bool
	var since uint64
	err := b.property(ctx, service, path, of, "IdleHint", &idle)
	if err == nil && idle {
		err = b.property(ctx, service, path, of, "IdleSinceHint", &since)
	}
	switch {
	case err != nil:
		return Activity{}, err
	case !idle:
		return Activity{Source: "logind", Coarse: true}, nil
	case since == 0: // there is no session
		return Activity{Source: "logind", Idle: mostIdle}, nil
	case since > 1<<62:
		return Activity{}, fmt.Errorf("logind names a time that cannot be: %d µs", since)
	}
	return Activity{Source: "logind", Idle: now.Sub(time.UnixMicro(int64(since)))}, nil
}

// gnomeIdle asks GNOME, which knows the last use also under Wayland.
func (b *bus) gnomeIdle(ctx context.Context) (Activity, error) {
	var millis uint64
	err := b.call(ctx, "org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core", "org.gnome.Mutter.IdleMonitor.GetIdletime", nil, &millis)
	if err == nil && millis > 1<<40 {
		err = fmt.Errorf("GNOME names a time that cannot be: %d ms", millis)
	}
	return Activity{Source: "GNOME", Idle: time.Duration(millis) * time.Millisecond}, err
}
