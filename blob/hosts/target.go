package hosts

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

const (
	// maxName and maxLabel are the lengths of the longest name and of its longest part, in bytes.
	maxName, maxLabel = 253, 63

	webPort, tlsPort = 80, 443
)

// target is a server that an address names.
type target struct {
	// host is a name in lower case without a dot at its end, or an address in its usual form.
	host string
	// literal reports whether host is an address.
	literal bool
	port    uint16
}

// targetOf returns the server of an address. The error is for people, and says what the address has
// instead.
func targetOf(u *url.URL) (target, error) {
	t := target{}
	switch u.Scheme {
	case "http":
		t.port = webPort
	case "https":
		t.port = tlsPort
	default:
		return t, fmt.Errorf("an address of the kind %.20q", u.Scheme)
	}
	if u.User != nil {
		// What stands before the @ looks like a host to people.
		return t, errors.New("an address with a name of a user in it")
	}
	if text := u.Port(); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return t, fmt.Errorf("an address with the port %.20q", text)
		}
		t.port = uint16(port)
	}
	var err error
	if t.host, t.literal, err = hostOf(u.Hostname()); err != nil {
		return t, fmt.Errorf("an address whose host %w", err)
	}
	return t, nil
}

// hostOf returns a host in the form in which hosts are compared.
func hostOf(text string) (host string, literal bool, err error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return "", false, fmt.Errorf("has a zone: %.80q", text)
		}
		return addr.Unmap().String(), true, nil
	}
	host = strings.TrimSuffix(text, ".")
	if !ascii(host) {
		// The same rules as those of net/http.
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return "", false, fmt.Errorf("is no name: %.80q", text)
		}
		host = strings.TrimSuffix(host, ".")
	}
	host = strings.ToLower(host)
	if !isName(host) {
		return "", false, fmt.Errorf("is no name: %.80q", text)
	}
	return host, false, nil
}

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isName reports whether a text in lower case is the name of a host. Texts that some resolvers read
// as an address, such as 127.1 and 0x7f000001, are none.
func isName(text string) bool {
	if text == "" || len(text) > maxName {
		return false
	}
	labels := strings.Split(text, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
}
