package hosts

import (
	"net"
	"net/url"
	"path"
	"strconv"
	"strings"
)

const (
	// maxStrays bounds the number of addresses, and of servers, that are remembered because they led elsewhere.
	maxStrays = 4096
	// addressBlocks is the number of blocks for which an address is remembered. No other content is at it.
	addressBlocks = 2_400
	// serverFirst and serverMost are the numbers of blocks for which its server is: the time doubles with each further
	// address that leads elsewhere. One such address on a server must not keep jobs of honest
	// requesters waiting for long, and many of them must not cost each node a fee for each.
	serverFirst = 10
	serverMost  = 160
	// maxDepth bounds the folders of an address that are remembered with it.
	maxDepth = 16
)

// Strays are addresses on servers of a list that have lately led this machine to a server that is not on it. What
// names one of them could not be fetched either. The zero value contains none.
type Strays struct {
	// addresses contains them by server and path, and the folders in which they are: a job names a folder for
	// the inputs of an array, or for its results.
	addresses map[string]stray
	servers   map[string]stray
}

type stray struct {
	to    string
	until int64
	// times is the number of addresses of a server that have led elsewhere since it was last forgotten.
	times uint
}

// Note remembers, at a height, that an address has led to another server. An address without a server is not
// remembered.
func (s *Strays) Note(address, to string, height int64) {
	u, err := url.Parse(address)
	if err != nil {
		return
	}
	server := serverOf(u)
	if server == "" {
		return
	}
	if s.addresses == nil {
		s.addresses, s.servers = map[string]stray{}, map[string]stray{}
	}
	for _, name := range folders(server, u) {
		put(s.addresses, name, stray{to: to, until: height + addressBlocks})
	}
	times := s.servers[server].times
	if s.servers[server].until+addressBlocks <= height {
		times = 0 // it has behaved for long
	}
	blocks := int64(serverMost)
	if times < 4 {
		blocks = serverFirst << times
	}
	put(s.servers, server, stray{to: to, until: height + blocks, times: times + 1})
}

func put(known map[string]stray, name string, found stray) {
	if _, is := known[name]; !is && len(known) >= maxStrays {
		clear(known)
	}
	known[name] = found
}

// Leads returns the server of an address, and where that or something at the address has led lately; or "". However
// the address writes its server, it is the same one.
func (s *Strays) Leads(address string, height int64) (server, to string) {
	u, err := url.Parse(address)
	if err != nil {
		return "", ""
	}
	server = serverOf(u)
	for _, found := range []stray{s.servers[server], s.addresses[server+cleaned(u)]} {
		if height < found.until {
			return server, found.to
		}
	}
	return "", ""
}

// folders returns an address without its query, and the folders in which it is.
func folders(server string, u *url.URL) []string {
	var names []string
	for at := cleaned(u); at != "" && len(names) < maxDepth; at = strings.TrimSuffix(path.Dir(at), "/") {
		names = append(names, server+at)
	}
	return names
}

// cleaned returns the path of an address in one form; "" for the root.
func cleaned(u *url.URL) string { return strings.TrimSuffix(path.Clean("/"+u.Path), "/") }

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
