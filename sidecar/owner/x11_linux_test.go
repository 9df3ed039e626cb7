package owner

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeX is an X server that knows the requests that a display sends. It checks the cookie.
type fakeX struct {
	mu sync.Mutex
	// idle is in milliseconds. active is the active window, and full says whether it fills the screen.
	idle, active uint32
	full, saver  bool
	// gone means that the active window has just closed.
	gone  bool
	class string
	// lengths overrides the number of items that replies of GetProperty promise.
	lengths *uint32
	atoms   []string
	// silent makes it answer nothing.
	silent bool
}

const fakeRoot = 0x1d5

func (x *fakeX) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	hello := make([]byte, 12)
	if _, err := io.ReadFull(conn, hello); err != nil || hello[0] != 'l' {
		return
	}
	rest := make([]byte, len(padded(make([]byte, order.Uint16(hello[6:]))))+len(padded(make([]byte, order.Uint16(hello[8:])))))
	if _, err := io.ReadFull(conn, rest); err != nil {
		return
	}
	if !bytes.Contains(rest, []byte("0123456789abcdef")) {
		reason := padded([]byte("No protocol specified\n"))
		head := []byte{0, 22, 11, 0, 0, 0}
		_, _ = conn.Write(append(order.AppendUint16(head, uint16(len(reason)/4)), reason...))
		return
	}
	vendor := padded([]byte("a test"))
	body := make([]byte, 32)
	order.PutUint16(body[16:], 6)
	body[20], body[21] = 1, 1
	body = append(append(append(body, vendor...), make([]byte, 8)...), word(fakeRoot)...)
	body = append(body, make([]byte, 36)...)
	_, _ = conn.Write(append(order.AppendUint16([]byte{1, 0, 11, 0, 0, 0}, uint16(len(body)/4)), body...))
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(conn, head); err != nil {
			return
		}
		request := make([]byte, 4*int(order.Uint16(head[2:]))-4)
		if _, err := io.ReadFull(conn, request); err != nil {
			return
		}
		// An event that was not asked for comes before each reply.
		event := make([]byte, 32)
		event[0] = 34
		if reply := x.answer(head[0], request); reply != nil {
			_, _ = conn.Write(append(event, reply...))
		}
	}
}

func (x *fakeX) answer(code byte, request []byte) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.silent {
		return nil
	}
	reply := make([]byte, 32)
	reply[0] = 1
	switch code {
	case 98:
		if x.saver {
			reply[8], reply[9] = 1, 144
		}
	case 16:
		x.atoms = append(x.atoms, string(request[4:4+order.Uint16(request)]))
		order.PutUint32(reply[8:], uint32(1000+len(x.atoms)))
	case 144:
		order.PutUint32(reply[16:], x.idle)
	case 20:
		return x.property(reply, order.Uint32(request), order.Uint32(request[4:]))
	default:
		reply[0] = 0
	}
	return reply
}

func (x *fakeX) property(reply []byte, window, name uint32) []byte {
	var value []byte
	reply[1] = 32
	switch {
	case window == fakeRoot && x.atoms[name-1001] == "_NET_ACTIVE_WINDOW":
		value = word(x.active)
	case window != x.active || x.gone:
		reply[0] = 0 // the window has gone
		return reply
	case name == classAtom:
		value, reply[1] = []byte("chess\x00"+x.class+"\x00"), 8
	case x.full:
		for i, atom := range x.atoms {
			if atom == "_NET_WM_STATE_FULLSCREEN" {
				value = append(word(7), word(uint32(1001+i))...)
			}
		}
	}
	items := uint32(len(value)) / uint32(reply[1]/8)
	value = padded(value)
	order.PutUint32(reply[4:], uint32(len(value)/4))
	if x.lengths != nil {
		items = *x.lengths
	}
	order.PutUint32(reply[16:], items)
	return append(reply, value...)
}

// screen starts an X server and returns a display that knows its cookie.
func screen(t *testing.T, x *fakeX, env map[string]string) *display {
	t.Helper()
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "X3"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go x.serve(conn)
		}
	}()
	var cookies []byte
	entry := func(number, secret string) {
		cookies = binary.BigEndian.AppendUint16(cookies, 256)
		for _, field := range []string{"host", number, cookieKind, secret} {
			cookies = append(binary.BigEndian.AppendUint16(cookies, uint16(len(field))), field...)
		}
	}
	entry("2", "of another screen")
	entry("3", "0123456789abcdef")
	path := filepath.Join(dir, "cookies")
	require.NoError(t, os.WriteFile(path, cookies, 0o600))
	all := map[string]string{"DISPLAY": ":3.0", "XAUTHORITY": path}
	for name, value := range env {
		all[name] = value
	}
	return &display{getenv: func(name string) string { return all[name] }, sockets: dir}
}

func TestAnXServerSaysWhenItWasUsedAndWhatFillsItsScreen(t *testing.T) {
	x := &fakeX{idle: 61_000, saver: true, active: 42, class: "Chess"}
	d := screen(t, x, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	a, err := d.idle(ctx)
	require.NoError(t, err)
	require.Equal(t, Activity{Source: "X11", Idle: 61 * time.Second}, a)
	name, err := d.fullScreen(ctx)
	require.NoError(t, err)
	require.Empty(t, name)
	x.mu.Lock()
	x.full = true
	x.mu.Unlock()
	name, err = d.fullScreen(ctx)
	require.NoError(t, err)
	require.Equal(t, "Chess", name)
	x.mu.Lock()
	x.active = 0
	x.mu.Unlock()
	name, err = d.fullScreen(ctx)
	require.NoError(t, err)
	require.Empty(t, name, "no window is active")
	x.mu.Lock()
	x.active, x.gone = 42, true
	x.mu.Unlock()
	name, err = d.fullScreen(ctx)
	require.NoError(t, err)
	require.Empty(t, name, "a window that has closed fills nothing")
	many := uint32(1 << 30)
	x.mu.Lock()
	x.lengths = &many
	x.mu.Unlock()
	_, err = d.fullScreen(ctx)
	require.ErrorContains(t, err, "too short", "a server that lies")
}

func TestAScreenThatIsNotSeenSaysWhy(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for says, env := range map[string]map[string]string{
		"DISPLAY is not set": {"DISPLAY": ""},
		"of this machine":    {"DISPLAY": "far.example:0"},
		"no such file":       {"DISPLAY": ":4"},
		"refuses":            {"XAUTHORITY": "/missing"},
		"MIT-SCREEN-SAVER":   {},
	} {
		_, err := screen(t, &fakeX{}, env).idle(ctx)
		require.ErrorContains(t, err, says)
	}
	_, err := screen(t, &fakeX{active: 9}, map[string]string{"WAYLAND_DISPLAY": "wayland-0"}).fullScreen(ctx)
	require.ErrorContains(t, err, "Wayland")
	name, err := screen(t, &fakeX{active: 9, full: true}, map[string]string{"WAYLAND_DISPLAY": "wayland-0"}).fullScreen(ctx)
	require.NoError(t, err)
	require.Equal(t, "chess", name, "programs that use X11 are seen under Wayland")
	x := &fakeX{saver: true, silent: true}
	d := screen(t, x, nil)
	short, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	_, err = d.idle(short)
	require.Error(t, err, "it hangs")
	x.mu.Lock()
	x.silent = false
	x.mu.Unlock()
	_, err = d.idle(ctx)
	require.NoError(t, err, "another connection works")
}
