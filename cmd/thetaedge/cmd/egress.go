package cmd

import (
	"fmt"
	"net/url"
	"strings"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
)

// checkEgress says which servers jobs may name.
func checkEgress(r *report, n *node, relay string) {
	list, err := n.settings().Egress.List()
	named := n.settings().Egress.Hosts
	switch {
	case err != nil:
		r.line(missing, "egress", "%v", err)
	case len(named) == 0:
		r.line(missing, "egress", "jobs may name no server, so that the node takes none; add the relays that you trust to egress.hosts")
	case list.Everything():
		r.line(unsure, "egress", "jobs may name every server in the world, which this machine's address then connects to; see egress.hosts")
	default:
		r.line(good, "egress", "jobs may name %s; all others are left to other nodes", strings.Join(named, ", "))
	}
	if relay == "" || err != nil {
		return
	}
	if err := allowed(n, relay); err != nil {
		r.line(missing, "relay", "%v", err)
	}
}

// allowed returns an error if jobs may not name a relay.
func allowed(n *node, relay string) error {
	list, err := n.settings().Egress.List()
	if err != nil {
		return err
	}
	if what := list.Outside(relay); what != "" {
		item := relay
		if u, err := url.Parse(relay); err == nil && u.Host != "" {
			item = u.Host
		}
		return fmt.Errorf("expected a relay of egress.hosts, found %s, so that the node leaves its jobs to others; if you trust it, add %q to egress.hosts and reload the node", what, item)
	}
	return nil
}

// trafficOf says what jobs have moved over the network today. It returns "" if they have moved nothing and there
// is no limit.
func trafficOf(s *sidecarv1.StatusResponse) string {
	if s.LineReceivedToday == 0 && s.LineSentToday == 0 && s.LineMaxDay == 0 {
		return ""
	}
	text := fmt.Sprintf("jobs have received %s and sent %s today (UTC)", volume(s.LineReceivedToday), volume(s.LineSentToday))
	if s.LineMaxDay == 0 {
		return text
	}
	text += fmt.Sprintf(", of at most %s (egress.max-day)", volume(s.LineMaxDay))
	if s.LineReceivedToday+s.LineSentToday >= s.LineMaxDay {
		text += "; nothing new is claimed until midnight"
	}
	return text
}

// volume shows a number of bytes.
func volume(bytes uint64) string {
	if bytes >= 1<<30 {
		return gib(bytes)
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
