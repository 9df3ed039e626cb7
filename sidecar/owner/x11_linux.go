package owner

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// display asks an X server of this machine when it was last used and which window fills the screen.
// It speaks the few requests of the protocol that this needs (X Window System Protocol, version 11,
// and MIT-SCREEN-SAVER, version 1.0). It keeps its connection, and opens another one after an error.
type display struct {
	getenv func(string) string
	// sockets is the folder of the sockets of X servers.
	sockets string

	mu   sync.Mutex
	conn *xConn
}

// idle returns the time since the last use of keyboard and mouse.
func (d *display) idle(ctx context.Context) (a Activity, err error) {
	err = d.with(ctx, func(x *xConn) error {
		if x.saver == 0 {
			return errors.New("the X server does not have MIT-SCREEN-SAVER")
		}
		reply, err := x.ask(x.saver, 1, word(x.root)) // QueryInfo
		if err != nil {
			return err
		}
		a = Activity{Source: "X11", Idle: time.Duration(order.Uint32(reply[16:])) * time.Millisecond}
		return nil
	})
	return a, err
}

// fullScreen returns the class of the active window if it fills the screen, or an empty text.
func (d *display) fullScreen(ctx context.Context) (name string, err error) {
	err = d.with(ctx, func(x *xConn) error {
		active, err := x.property(x.root, x.atoms["_NET_ACTIVE_WINDOW"])
		if err != nil || len(active) < 4 {
			return errors.Join(err, unlessNil(err, "the window manager does not name the active window"))
		}
		window := order.Uint32(active)
		if window == 0 {
			return nil
		}
		states, err := x.property(window, x.atoms["_NET_WM_STATE"])
		if errors.Is(err, errGone) {
			return nil
		}
		if err != nil {
			return err
		}
		for ; len(states) >= 4; states = states[4:] {
			if order.Uint32(states) == x.atoms["_NET_WM_STATE_FULLSCREEN"] {
				name = "a program"
			}
		}
		if name == "" {
			return nil
		}
		class, err := x.property(window, classAtom)
		if parts := strings.Split(strings.TrimRight(string(class), "\x00"), "\x00"); err == nil && parts[len(parts)-1] != "" {
			name = parts[len(parts)-1]
		}
		return nil
	})
	if err == nil && name == "" && d.getenv("WAYLAND_DISPLAY") != "" {
		return "", errors.New("only programs that use X11 are seen; Wayland does not show which window fills the screen")
	}
	return name, err
}

// unlessNil returns an error if there is none yet.
func unlessNil(err error, text string) error {
	if err != nil {
		return nil
	}
	return errors.New(text)
}

// errGone means that a window that was asked about does not exist any more.
var errGone = errors.New("the X server refuses a request, which happens when a window has just closed")

// with calls do with a connection. An error of the connection closes it.
func (d *display) with(ctx context.Context, do func(*xConn) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	deadline, bounded := ctx.Deadline()
	if !bounded {
		deadline = time.Now().Add(readLimit)
	}
	if d.conn == nil {
		conn, err := d.dial(ctx, deadline)
		if err != nil {
			return err
		}
		d.conn = conn
	}
	err := d.conn.SetDeadline(deadline)
	if err == nil {
		err = do(d.conn)
	}
	if d.conn.broken {
		_ = d.conn.Close()
		d.conn = nil
	}
	return err
}

// close ends the connection, if there is one.
func (d *display) close() (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn != nil {
		err, d.conn = d.conn.Close(), nil
	}
	return err
}

// dial connects to the server that DISPLAY names.
func (d *display) dial(ctx context.Context, deadline time.Time) (*xConn, error) {
	name := d.getenv("DISPLAY")
	host, number, ok := strings.Cut(name, ":")
	number, _, _ = strings.Cut(number, ".")
	switch {
	case name == "":
		return nil, errors.New("DISPLAY is not set, so that the owner's screen is not known")
	case !ok || host != "" && host != "unix" || number == "" || strings.Trim(number, "0123456789") != "":
		return nil, fmt.Errorf("expected a screen of this machine such as :0 in DISPLAY, found %.40q", name)
	}
	path := filepath.Join(d.sockets, "X"+number)
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err != nil {
		var abstract error
		if conn, abstract = (&net.Dialer{}).DialContext(ctx, "unix", "@"+path); abstract != nil {
			return nil, err
		}
	}
	x := &xConn{Conn: conn, atoms: map[string]uint32{}}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := x.open(d.cookie(number)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return x, nil
}

// cookie returns what proves to a server that this user may connect, or nothing.
func (d *display) cookie(number string) []byte {
	path := d.getenv("XAUTHORITY")
	if path == "" {
		path = filepath.Join(d.getenv("HOME"), ".Xauthority")
	}
	file, err := readFile(path)
	if err != nil {
		return nil
	}
	rest := []byte(file)
	next := func() (field []byte) {
		if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
			rest = nil
			return nil
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		field, rest = rest[2:end], rest[end:]
		return field
	}
	for len(rest) > 2 {
		rest = rest[2:] // the family of the address
		_, shown, kind, secret := next(), next(), next(), next()
		if string(kind) == cookieKind && (len(shown) == 0 || string(shown) == number) && rest != nil {
			return secret
		}
	}
	return nil
}

const (
	cookieKind = "MIT-MAGIC-COOKIE-1"
	// classAtom is the predefined atom WM_CLASS.
	classAtom = 67
	// mostReply is the largest reply that is read, in bytes.
	mostReply = 1 << 20
)

// order is the byte order of our connections.
var order = binary.LittleEndian

func word(n uint32) []byte { return order.AppendUint32(nil, n) }

// padded appends zeros up to a multiple of four bytes.
func padded(b []byte) []byte { return append(bytes.Clone(b), make([]byte, (4-len(b)%4)%4)...) }

// xConn is a connection to an X server.
type xConn struct {
	net.Conn
	root uint32
	// saver is the code of requests of MIT-SCREEN-SAVER, or 0.
	saver byte
	atoms map[string]uint32
	// broken means that the connection cannot be used any more.
	broken bool
}

// open introduces this process and asks for what later requests need.
func (x *xConn) open(cookie []byte) error {
	kind := []byte(cookieKind)
	if cookie == nil {
		kind = nil
	}
	hello := []byte{'l', 0, 11, 0, 0, 0}
	hello = order.AppendUint16(hello, uint16(len(kind)))   //nolint:gosec // a constant
	hello = order.AppendUint16(hello, uint16(len(cookie))) //nolint:gosec // read with a length of 16 bits
	hello = append(append(append(hello, 0, 0), padded(kind)...), padded(cookie)...)
	if _, err := x.Write(hello); err != nil {
		return err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(x, head); err != nil {
		return err
	}
	body := make([]byte, 4*int(order.Uint16(head[6:])))
	if _, err := io.ReadFull(x, body); err != nil {
		return err
	}
	if head[0] != 1 {
		return fmt.Errorf("the X server refuses the connection: %.80q; set XAUTHORITY to the file of the owner's session", bytes.TrimRight(body, "\x00"))
	}
	if len(body) < 32 {
		return errors.New("the X server's answer is too short")
	}
	// The screens follow the vendor's name and the formats of pixels. A screen begins with its root.
	screens := 32 + len(padded(make([]byte, order.Uint16(body[16:])))) + 8*int(body[21])
	if body[20] == 0 || len(body) < screens+4 {
		return errors.New("the X server does not have a screen")
	}
	x.root = order.Uint32(body[screens:])
	const saver = "MIT-SCREEN-SAVER"
	reply, err := x.ask(98, 0, append(lengthOf(saver), padded([]byte(saver))...)) // QueryExtension
	if err != nil {
		return err
	}
	if reply[8] != 0 {
		x.saver = reply[9]
	}
	for _, name := range []string{"_NET_ACTIVE_WINDOW", "_NET_WM_STATE", "_NET_WM_STATE_FULLSCREEN"} {
		reply, err := x.ask(16, 0, append(lengthOf(name), padded([]byte(name))...)) // InternAtom
		if err != nil {
			return err
		}
		x.atoms[name] = order.Uint32(reply[8:])
	}
	return nil
}

// lengthOf returns the length of a name as requests contain it.
func lengthOf(name string) []byte {
	return append(order.AppendUint16(nil, uint16(len(name))), 0, 0) //nolint:gosec // constants
}

// property returns the value of a property of a window. It is empty if there is none.
func (x *xConn) property(window, name uint32) ([]byte, error) {
	body := bytes.Join([][]byte{word(window), word(name), word(0), word(0), word(256)}, nil)
	reply, err := x.ask(20, 0, body) // GetProperty
	if err != nil {
		return nil, err
	}
	length := uint64(order.Uint32(reply[16:])) * uint64(reply[1]/8)
	if length > uint64(len(reply)-32) { //nolint:gosec // at least 32
		return nil, errors.New("the X server's answer is too short")
	}
	return reply[32 : 32+length], nil
}

// ask sends a request and returns its reply. Events are skipped.
func (x *xConn) ask(code, minor byte, body []byte) ([]byte, error) {
	request := order.AppendUint16([]byte{code, minor}, uint16(1+len(body)/4)) //nolint:gosec // small requests
	_, err := x.Write(append(request, body...))
	for err == nil {
		reply := make([]byte, 32)
		if _, err = io.ReadFull(x, reply); err != nil {
			break
		}
		if more := order.Uint32(reply[4:]); reply[0] == 1 || reply[0] == 35 { // a reply, or a long event
			if more > mostReply/4 {
				err = fmt.Errorf("expected a reply of at most %d bytes, found more", mostReply)
				break
			}
			reply = append(reply, make([]byte, 4*more)...)
			if _, err = io.ReadFull(x, reply[32:]); err != nil {
				break
			}
		}
		switch reply[0] {
		case 0:
			return nil, errGone
		case 1:
			return reply, nil
		}
	}
	x.broken = true
	return nil, err
}

// openDisplay returns the screen of the owner's session.
func openDisplay(getenv func(string) string) *display {
	return &display{getenv: getenv, sockets: "/tmp/.X11-unix"}
}
