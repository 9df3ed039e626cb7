package service

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultName is the name of the service, and of its account if it is one of the system.
	DefaultName = "thetaedge"
	// stopMargin is the time that the daemon has after work.drain-timeout, to interrupt its
	// workers and to close its journal.
	stopMargin = 30 * time.Second
	// longestDrain bounds the time that a stop of the machine may wait for the daemon.
	longestDrain = 24 * time.Hour
)

// Unit is what a service runs.
type Unit struct {
	// Name is the name of the service.
	Name string
	// Exe and Home are absolute paths of the program and of its home.
	Exe, Home string
	// System says that the service belongs to the machine and not to a user.
	System bool
	// Account runs a service of the system. It is empty for a service of a user.
	Account string
	// Groups are further groups of the account, such as those that may use graphics cards.
	Groups []string
	// Drain is work.drain-timeout, the time in which the daemon reveals what it holds.
	Drain time.Duration
}

// Validate reports what the supervisor of a service could not be told.
func (u Unit) Validate() error {
	var errs []error
	if err := CheckName(u.Name); err != nil {
		errs = append(errs, err)
	}
	for _, p := range []struct{ what, path string }{{"program", u.Exe}, {"home", u.Home}} {
		switch {
		case !isAbsolute(p.path):
			errs = append(errs, fmt.Errorf("expected an absolute path of the %s, found %q", p.what, p.path))
		case strings.ContainsFunc(p.path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }):
			errs = append(errs, fmt.Errorf("expected a path of the %s without control characters, found %q; move it", p.what, p.path))
		}
	}
	if strings.Contains(u.Exe, "$") {
		errs = append(errs, fmt.Errorf("expected a path of the program without a dollar sign, found %q; move it", u.Exe))
	}
	if u.Drain < 0 || u.Drain > longestDrain {
		errs = append(errs, fmt.Errorf("work.drain-timeout: expected 0s to %s for a service, because a shutdown of the machine waits for it, found %s", longestDrain, u.Drain))
	}
	if u.System && (u.Account == "root" || u.Account == "") {
		errs = append(errs, fmt.Errorf("expected an account without rights of its own, found %q: a program that broke out of all layers would have its rights; choose another --account", u.Account))
	}
	for _, name := range append([]string{u.Account}, u.Groups...) {
		if name != "" && !isName(name) {
			errs = append(errs, fmt.Errorf("expected a name of an account or group of letters, digits, dots, dashes and underscores, found %q", name))
		}
	}
	return errors.Join(errs...)
}

// stopSeconds is the time in seconds after which the supervisor kills a daemon that it has told to
// stop.
func (u Unit) stopSeconds() int64 {
	return int64((u.Drain + stopMargin + time.Second - 1) / time.Second)
}

// CheckName refuses names of services that could not be part of a file's name.
func CheckName(name string) error {
	if !isName(name) {
		return fmt.Errorf("expected a name of a service of at most 32 letters, digits, dots, dashes and underscores, found %q", name)
	}
	return nil
}

func isName(name string) bool {
	return regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.-]{0,31}$`).MatchString(name)
}

// isAbsolute reports whether a path is absolute on the system for which a unit is written, which
// may be another one than this.
func isAbsolute(p string) bool {
	return path.IsAbs(p) || regexp.MustCompile(`^[a-zA-Z]:\\`).MatchString(p)
}

// markStart begins the line by which an installed file is recognized.
const markStart = "Written by thetaedge service install for the home "

// mark returns that line. It does not contain two dashes in a row, which end a comment of XML.
func (u Unit) mark() string {
	quote := func(p string) string { return strings.ReplaceAll(strconv.Quote(p), "-", `\u002d`) }
	return markStart + quote(u.Home) + " and the program " + quote(u.Exe) + "."
}

// origin is what the mark of an installed file says.
type origin struct{ Home, Exe string }

// readMark returns the origin of a file, or false if the file was not written by this package.
func readMark(text string) (origin, bool) {
	for line := range strings.Lines(text) {
		_, rest, found := strings.Cut(line, markStart)
		if !found {
			continue
		}
		home, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return origin{}, false
		}
		exe, found := strings.CutPrefix(rest[len(home):], " and the program ")
		if !found {
			return origin{}, false
		}
		if exe, err = strconv.QuotedPrefix(exe); err != nil {
			return origin{}, false
		}
		var o origin
		o.Home, err = strconv.Unquote(home)
		if err == nil {
			o.Exe, err = strconv.Unquote(exe)
		}
		return o, err == nil
	}
	return origin{}, false
}
