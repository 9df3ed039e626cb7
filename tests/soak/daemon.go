package soak

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/thetaedge/theta/tests/devnet"
)

// maxMetricsBytes bounds the answer of a daemon.
const maxMetricsBytes = 4 << 20

// Daemon is what a daemon's process used at one moment.
type Daemon struct {
	Node       string  `json:"node"`
	RSSMiB     float64 `json:"rss_mib"`
	Goroutines float64 `json:"goroutines"`
	// Started is the time at which the process began, in seconds since 1970.
	Started float64 `json:"started"`
}

// readDaemon asks a daemon for its metrics.
func readDaemon(ctx context.Context, node devnet.Node) (Daemon, error) {
	d := Daemon{Node: node.Name}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, node.API()+"/metrics", nil)
	if err != nil {
		return d, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return d, fmt.Errorf("metrics of %s: %w", node.Name, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxMetricsBytes))
	if err != nil {
		return d, fmt.Errorf("metrics of %s: %w", node.Name, err)
	}
	for name, value := range map[string]*float64{
		"process_resident_memory_bytes": &d.RSSMiB, "go_goroutines": &d.Goroutines, "process_start_time_seconds": &d.Started,
	} {
		if *value, err = metric(string(text), name); err != nil {
			return d, fmt.Errorf("metrics of %s: %w", node.Name, err)
		}
	}
	d.RSSMiB /= 1 << 20
	return d, nil
}

// metric returns the value of a metric without labels, from the text format of Prometheus.
func metric(text, name string) (float64, error) {
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("expected a value of %s, found none", name)
}

// readDaemons asks all daemons, and waits for those that start.
func readDaemons(ctx context.Context, network *devnet.Devnet) ([]Daemon, error) {
	var daemons []Daemon
	for _, node := range network.Nodes() {
		err := network.Await(ctx, startPatience, "the metrics of "+node.Name, func() (bool, error) {
			d, err := readDaemon(ctx, node)
			if err == nil {
				daemons = append(daemons, d)
			}
			return err == nil, err
		})
		if err != nil {
			return nil, err
		}
	}
	return daemons, nil
}

// growth returns by how much the daemon grew most that grew most, in MiB and in goroutines.
func growth(before, after []Daemon) (rss, goroutines float64) {
	for i := range min(len(before), len(after)) {
		r, g := after[i].RSSMiB-before[i].RSSMiB, after[i].Goroutines-before[i].Goroutines
		if i == 0 {
			rss, goroutines = r, g
		}
		rss, goroutines = max(rss, r), max(goroutines, g)
	}
	return rss, goroutines
}
