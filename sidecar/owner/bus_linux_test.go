package owner

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus"
	"github.com/stretchr/testify/require"
)

// realBus starts a message bus for a test and returns its address.
func realBus(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("this machine has no dbus-daemon")
	}
	dir := t.TempDir()
	settings := filepath.Join(dir, "bus.conf")
	require.NoError(t, os.WriteFile(settings, fmt.Appendf(nil, `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
		filepath.Join(dir, "bus")), 0o600))
	daemon := exec.Command(program, "--config-file="+settings, "--nofork", "--print-address")
	says, err := daemon.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, daemon.Start())
	t.Cleanup(func() { _ = daemon.Process.Kill(); _ = daemon.Wait() })
	line, err := bufio.NewReader(says).ReadString('\n')
	require.NoError(t, err)
	return line[:len(line)-1]
}

// service is a service with properties and GNOME's method.
type service struct {
	mu         sync.Mutex
	properties map[string]dbus.Variant
	idle       uint64
}

func (s *service) Get(_, name string) (dbus.Variant, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, known := s.properties[name]
	if !known {
		return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return value, nil
}

// GetIdletime is GNOME's name of the method.
func (s *service) GetIdletime() (uint64, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idle, nil
}

func (s *service) set(name string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.properties[name] = dbus.MakeVariant(value)
}

// offer makes a service answer on a bus until it is stopped.
func offer(t *testing.T, address, name, path string) (s *service, stop func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := dialBus(ctx, address)
	require.NoError(t, err)
	s = &service{properties: map[string]dbus.Variant{}}
	require.NoError(t, conn.Export(s, dbus.ObjectPath(path), "org.freedesktop.DBus.Properties"))
	require.NoError(t, conn.Export(s, dbus.ObjectPath(path), "org.gnome.Mutter.IdleMonitor"))
	reply, err := conn.RequestName(name, dbus.NameFlagDoNotQueue)
	require.NoError(t, err)
	require.Equal(t, dbus.RequestNameReplyPrimaryOwner, reply)
	var once sync.Once
	stop = func() { once.Do(func() { _ = conn.Close() }) }
	t.Cleanup(stop)
	return s, stop
}

func busAt(address string) *bus {
	return systemBus(func(name string) string { return map[string]string{"DBUS_SYSTEM_BUS_ADDRESS": address}[name] })
}

func TestServicesAreAskedOverARealBus(t *testing.T) {
	address := realBus(t)
	b := busAt(address)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := b.metered(ctx)
	require.ErrorContains(t, err, "NetworkManager", "it does not run")
	network, stop := offer(t, address, "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager")
	for value, want := range map[uint32]bool{1: true, 2: false, 3: true, 4: false} {
		network.set("Metered", value)
		got, err := b.metered(ctx)
		require.NoError(t, err)
		require.Equal(t, want, got, value)
	}
	for _, value := range []any{uint32(0), uint32(9), "yes"} {
		network.set("Metered", value)
		_, err = b.metered(ctx)
		require.Error(t, err, value)
	}
	stop()
	_, err = b.metered(ctx)
	require.Error(t, err, "it has ended")

	login, _ := offer(t, address, "org.freedesktop.login1", "/org/freedesktop/login1")
	now := time.UnixMicro(time.Now().UnixMicro())
	login.set("IdleHint", false)
	a, err := b.logindIdle(ctx, now)
	require.NoError(t, err)
	require.Equal(t, Activity{Source: "logind", Coarse: true}, a)
	login.set("IdleHint", true)
	login.set("IdleSinceHint", uint64(now.Add(-time.Hour).UnixMicro()))
	a, err = b.logindIdle(ctx, now)
	require.NoError(t, err)
	require.Equal(t, Activity{Source: "logind", Idle: time.Hour}, a)
	login.set("IdleSinceHint", uint64(0))
	a, err = b.logindIdle(ctx, now)
	require.NoError(t, err)
	require.Equal(t, mostIdle, a.Idle, "without a session, the machine is idle")
	login.set("IdleSinceHint", ^uint64(0))
	_, err = b.logindIdle(ctx, now)
	require.ErrorContains(t, err, "cannot be")

	gnome, _ := offer(t, address, "org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core")
	gnome.mu.Lock()
	gnome.idle = 1500
	gnome.mu.Unlock()
	a, err = b.gnomeIdle(ctx)
	require.NoError(t, err)
	require.Equal(t, Activity{Source: "GNOME", Idle: 1500 * time.Millisecond}, a)
}

// TestABusThatHangsOrLiesIsLeft: a connection that does not answer ends with its context, and the
// next reading opens another one.
func TestABusThatHangsOrLiesIsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	go func() {
		var held []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			held = append(held, conn)
		}
		for _, conn := range held {
			_ = conn.Close()
		}
	}()
	b := busAt("unix:path=" + path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = b.metered(ctx)
	require.Error(t, err)
	require.Nil(t, b.conn)
	_, err = busAt("tcp:host=localhost").metered(t.Context())
	require.ErrorContains(t, err, "expected an address")
	_, err = busAt("unix:path=" + path + "-missing").metered(t.Context())
	require.ErrorContains(t, err, "no message bus answers")
}

// TestSensorsThatAreClosedKeepNothingOpen: the dashboard opens some for each rule that its owner tries.
func TestSensorsThatAreClosedKeepNothingOpen(t *testing.T) {
	address := realBus(t)
	env := func(name string) string {
		return map[string]string{"DBUS_SYSTEM_BUS_ADDRESS": address, "DBUS_SESSION_BUS_ADDRESS": address}[name]
	}
	files := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(list)
	}
	before := files()
	for range 3 {
		sensors := Open(OpenConfig{Home: t.TempDir(), Getenv: env, Cards: fakeCards{}, Watts: func() (float64, error) { return 0, nil }})
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := sensors.Idle.Read(ctx)
		require.Error(t, err, "nobody answers on this bus")
		_, err = sensors.Metered.Read(ctx)
		require.Error(t, err)
		cancel()
		require.Greater(t, files(), before)
		require.NoError(t, sensors.Close())
		require.Eventually(t, func() bool { return files() <= before }, patience, time.Millisecond)
	}
}
