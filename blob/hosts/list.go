// Package hosts holds the list of web servers to which strangers may make a machine connect.
package hosts

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ErrUnlisted means that an address names a server that is not on a list.
var ErrUnlisted = errors.New("host is not on the owner's list")

// maxPatterns bounds the length of a list.
const maxPatterns = 1000

// List says which servers may be named. The zero value contains none.
type List struct{ patterns []pattern }

// Parse reads a list. An item is one of
//
//	relay.example       this host, on the ports 80 and 443
//	*.relay.example     every host below it, but not relay.example itself
//	192.0.2.7           an address; IPv6 addresses with a port stand in brackets
//	*                   every host
//
// and may end in a port, such as relay.example:8443, or in ":*" for every port. Letters that are not
// ASCII are read as the names of such domains are resolved. The error names the item.
func Parse(items []string) (List, error) {
	if len(items) > maxPatterns {
		return List{}, fmt.Errorf("expected at most %d hosts, found %d", maxPatterns, len(items))
	}
	var l List
	for _, item := range items {
		p, err := parsePattern(strings.TrimSpace(item))
		if err != nil {
			return List{}, fmt.Errorf("%.80q: %w", item, err)
		}
		l.patterns = append(l.patterns, p)
	}
	return l, nil
}

// Everything reports whether the list contains every host.
func (l List) Everything() bool {
	for _, p := range l.patterns {
		if p.kind == anyHost {
			return true
		}
	}
	return false
}

// Outside returns what an address names that is not on the list, for people: a host, or a port of one.
// It returns "" if the server of the address is on the list.
func (l List) Outside(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "something that is no address"
	}
	return l.outside(u)
}

// Check returns an error that wraps ErrUnlisted if the server of an address is not on the list.
func (l List) Check(u *url.URL) error {
	if what := l.outside(u); what != "" {
		return fmt.Errorf("%w: expected a server that the owner allows, found %s", ErrUnlisted, what)
	}
	return nil
}

func (l List) outside(u *url.URL) string {
	t, err := targetOf(u)
	if err != nil {
		return err.Error()
	}
	named := false
	for _, p := range l.patterns {
		if !p.names(t) {
			continue
		}
		if named = true; p.opens(t) {
			return ""
		}
	}
	if named {
		return fmt.Sprintf("port %d of %s", t.port, t.host)
	}
	return t.host
}
