package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Fleet says where other machines of the owner may read the state of this node.
type Fleet struct {
	// Listen is an address with a port. If it is empty, nothing listens.
	Listen string `mapstructure:"listen"`
	// Names are those by which other machines call this one. Addresses always work.
	Names []string `mapstructure:"names"`
	// InsecurePlaintext makes the node answer without TLS, also beyond this machine.
	InsecurePlaintext bool `mapstructure:"insecure-plaintext"`
}

// validate reports settings with which nothing can listen.
func (f Fleet) validate() error {
	var errs []error
	if f.Listen != "" {
		host, port, err := net.SplitHostPort(f.Listen)
		if number, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || strconv.FormatUint(number, 10) != port || host != "" && host != "localhost" && net.ParseIP(host) == nil {
			errs = append(errs, fmt.Errorf("fleet.listen: expected an address to listen on such as 0.0.0.0:9773 or 127.0.0.1:9773, or \"\" to listen nowhere, found %q", f.Listen))
		}
	}
	for _, name := range f.Names {
		if name == "" || len(name) > maxHostName || strings.ContainsAny(name, "/: \t\n@*") {
			errs = append(errs, fmt.Errorf("fleet.names: expected names of this machine such as rig-1.lan, found %.60q", name))
		}
	}
	return errors.Join(errs...)
}
