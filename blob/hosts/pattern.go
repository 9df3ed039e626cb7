package hosts

import (
	"errors"
	"net"
	"strconv"
	"strings"
)

// kind says which hosts a pattern names.
type kind uint8

const (
	// oneHost names one host or address.
	oneHost kind = iota
	// below names the hosts below a domain.
	below
	// anyHost names every host and address.
	anyHost
)

// pattern is an item of a list.
type pattern struct {
	kind kind
	// host is the host, or the domain with a dot before it.
	host string
	// port is 0 for the usual ones of the web. anyPort stands for every port.
	port    uint16
	anyPort bool
}

var (
	errPattern = errors.New("expected a host such as relay.example, *.relay.example, relay.example:8443 or 192.0.2.7, or * for every host")
	errAddress = errors.New("expected the host alone, such as relay.example, without https:// and without a path")
	errStar    = errors.New("expected a star alone or as the first part of a name, such as *.relay.example")
	errPort    = errors.New("expected a port from 1 to 65535, or * for every port, behind the colon; an IPv6 address with a port stands in brackets")
)

func parsePattern(text string) (pattern, error) {
	if strings.ContainsAny(text, "/@?# \t\r\n") {
		return pattern{}, errAddress
	}
	p := pattern{}
	host, port, found := split(text)
	switch number, err := strconv.ParseUint(port, 10, 16); {
	case !found:
	case port == "*":
		p.anyPort = true
	case err != nil || number == 0:
		return p, errPort
	default:
		p.port = uint16(number)
	}
	if host == "*" {
		p.kind = anyHost
		return p, nil
	}
	domain, star := strings.CutPrefix(host, "*.")
	if strings.Contains(domain, "*") {
		return p, errStar
	}
	name, literal, err := hostOf(domain)
	if err != nil || star && literal {
		return p, errPattern
	}
	p.host = name
	if star {
		p.kind, p.host = below, "."+name
	}
	return p, nil
}

// split separates the port of an item, if it has one.
func split(text string) (host, port string, found bool) {
	if inner, is := strings.CutPrefix(text, "["); is && strings.HasSuffix(inner, "]") {
		return strings.TrimSuffix(inner, "]"), "", false
	}
	if strings.Count(text, ":") > 1 && !strings.HasPrefix(text, "[") {
		return text, "", false // an IPv6 address
	}
	if host, port, err := net.SplitHostPort(text); err == nil {
		return host, port, true
	}
	return text, "", false
}

// names reports whether the host of a target is one of the pattern's.
func (p pattern) names(t target) bool {
	switch p.kind {
	case anyHost:
		return true
	case below:
		return !t.literal && strings.HasSuffix(t.host, p.host)
	case oneHost:
	}
	return t.host == p.host
}

// opens reports whether the pattern allows the port of a target.
func (p pattern) opens(t target) bool {
	if p.anyPort {
		return true
	}
	if p.port != 0 {
		return t.port == p.port
	}
	return t.port == webPort || t.port == tlsPort
}
