package hosts

import (
	"net"
	"net/url"
	"strconv"
)

// maxStrays bounds the number of hosts that are remembered because they led elsewhere.
const maxStrays = 1024

// Strays are hosts on a list that have lately led this machine to a host that is not on it. What names one
// of them could not be fetched either. The zero value contains no host.
type Strays struct{ of map[string]stray }

type stray struct {
	to    string
	until int64
}

// Note remembers until a height that a host, with its port if its address has one, has led to another one.
// A host that is none is not remembered.
func (s *Strays) Note(host, to string, until int64) {
	name := serverOf(&url.URL{Scheme: "https", Host: host})
	if name == "" {
		return
	}
	if s.of == nil {
		s.of = map[string]stray{}
	}
	if _, known := s.of[name]; !known && len(s.of) >= maxStrays {
		clear(s.of)
	}
	s.of[name] = stray{to: to, until: until}
}

// Leads returns the host of an address and where that has led until a height, or "". However the address
// writes the host, it is the same one.
func (s *Strays) Leads(address string, height int64) (host, to string) {
	u, err := url.Parse(address)
	if err != nil {
		return "", ""
	}
	name := serverOf(u)
	found, known := s.of[name]
	if !known || height >= found.until {
		return "", ""
	}
	return name, found.to
}

// serverOf returns the server of an address in one form, "" for an address without one. The two usual ports
// of the web count as one server: who answers for one of them answers for the other.
func serverOf(u *url.URL) string {
	t, err := targetOf(u)
	if err != nil {
		return ""
	}
	if t.port == webPort || t.port == tlsPort {
		return t.host
	}
	return net.JoinHostPort(t.host, strconv.Itoa(int(t.port)))
}
