package bid

import (
	"cmp"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Hosts is the list of servers to which jobs may make this machine connect.
type Hosts interface {
	// Outside returns what an address names that is not on the list, for people, such as a host or
	// a port of a host. It returns "" if the server is on the list.
	Outside(address string) string
}

// Strays are addresses on hosts of the owner's list that have lately led this machine to a host that is not on it.
// A job that names one of them could not be fetched either.
type Strays interface {
	// Leads returns the host of an address, and where the host or the address has led lately at a height, or "".
	Leads(address string, height int64) (host, to string)
}

// unlisted returns the reason why a job could make this machine connect to a server that the owner does
// not allow, or "". Each address counts, also where another one leads to the same content: a node that
// tried only some of them could report an input as missing that other nodes have.
func (b *Bidder) unlisted(spec *computetypes.JobSpec) string {
	for _, address := range addresses(spec) {
		if b.Policy.Hosts != nil {
			if what := b.Policy.Hosts.Outside(address); what != "" {
				return "names " + what + ", which is not in egress.hosts"
			}
		}
		if b.Strays == nil {
			continue
		}
		if host, to := b.Strays.Leads(address, b.Height); host != "" {
			return "names " + host + ", which leads to " + cmp.Or(to, "another host") + ", which is not in egress.hosts"
		}
	}
	return ""
}

// addresses returns every address from which a task of a job is fetched or to which its results go.
func addresses(spec *computetypes.JobSpec) []string {
	list := append([]string{}, spec.Program.Uris...)
	for i := range spec.Inputs {
		list = append(list, spec.Inputs[i].Blob.Uris...)
	}
	if spec.ArrayInput != nil {
		list = append(list, spec.ArrayInput.Uris...)
	}
	if spec.Sink != "" {
		list = append(list, spec.Sink)
	}
	return list
}
